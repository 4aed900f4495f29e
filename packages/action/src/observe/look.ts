import { isLoopback, readAddress } from '@runwarden/policy'

/** What a machine without a driver of ours shows when it is asked: a moment, and nothing of what was between two of them. */
export interface Look {
  /** Milliseconds since the epoch. */
  time: number
  processes: ProcessRow[]
  /** TCP connections to somewhere else than the machine itself, made or tried; who began them is not known. */
  connections: Connection[]
  /** Names that may have led to an address, by address. */
  names: ReadonlyMap<string, readonly string[]>
}

export interface ProcessRow {
  pid: number
  parentPid: number
  /** -1: not known. */
  uid: number
  /** Milliseconds since the epoch; whole seconds where the system tells no more. */
  startTime: number
  /** Empty: not told. */
  exe: string
  /** Its command line, taken apart at blanks: where an argument ended is not told. */
  argv: string[]
}

export interface Connection {
  pid: number
  localAddress: string
  localPort: number
  address: string
  port: number
}

/** Asks one kind of system. */
export interface Source extends Disposable {
  /** @throws ObserverError when the system did not tell */
  look(): Promise<Look>
}

/** Nothing, or nothing more, is observed. */
export class ObserverError extends Error {
  readonly code: 'UNSUPPORTED' | 'START' | 'LOOK' | 'GONE'
  /** What to do, one sentence. */
  readonly advice: string

  constructor(
    code: ObserverError['code'],
    message: string,
    advice: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'ObserverError'
    this.code = code
    this.advice = advice
  }
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An address as events have it: without zone and brackets, IPv4 as IPv4. */
export function plainAddress(address: string): string {
  const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '')
  return mapped.exec(bare)?.[1] ?? bare.toLowerCase()
}

/** The machine itself, or no address: not what is looked for. */
export function leavesNot(address: string): boolean {
  const bytes = readAddress(address)
  return bytes === null || isLoopback(bytes)
}
