import type { BpfMap, BpfObject } from '@runwarden/libbpf'
import { processStart } from '../run-state.ts'
import { EnforceError } from './error.ts'
import { encodeNumber } from './policy-entries.ts'

/** One process, and no later one that gets its id. */
export interface ProcessName {
  pid: number
  /** When it started, as processStart() has it. */
  start: string
  /** For people. */
  name: string
}

/** Of bpf/exempt.bpf.c. */
const states = { wanted: 0, found: 1, known: 2 } as const

/** A clock tick of /proc/PID/stat: as the kernel side has it. */
const nsPerTick = 10_000_000n

/** Runs an iterator's program over all that there is. */
export function readOnce(object: BpfObject, program: string): void {
  using once = object.attach(program)
  once.read()
}

/** The processes that are exempt by themselves. */
export class NamedProcesses {
  readonly #object: BpfObject

  constructor(object: BpfObject) {
    this.#object = object
  }

  get #map(): BpfMap {
    return this.#object.map('named_processes')
  }

  /**
   * Makes exactly these exempt. Who is known already is left as it is: it may have run another program since.
   * @throws EnforceError when one runs, and the kernel knows no such process
   */
  find(processes: readonly ProcessName[]): void {
    const map = this.#map
    const wanted = new Map(processes.map(({ pid, start }) => [pid, BigInt(start)]))
    for (const [key, value] of Array.from(map.entries())) {
      const pid = key.readUInt32LE()
      if (wanted.get(pid) === value.readBigUInt64LE()) wanted.delete(pid)
      else this.#forget(pid, value.readBigUInt64LE())
    }
    if (wanted.size === 0) return
    for (const [pid, ticks] of wanted) map.set(encodeNumber(pid), encode(ticks, states.wanted))
    readOnce(this.#object, 'exempt_named')
    const unseen = processes.find(
      ({ pid, start }) =>
        map.get(encodeNumber(pid))?.readUInt32LE(8) === states.wanted &&
        processStart(pid) === start,
    )
    if (unseen === undefined) return
    throw new EnforceError(
      'ENFORCE_EXEMPT',
      `process ${unseen.pid} (${unseen.name}), which is to be exempt, runs, and the kernel knows none of this number and start`,
      'run the agent in the first pid and time namespaces of the machine, outside of containers',
    )
  }

  /** What was found holds nothing any more that is to go on. */
  settle(): void {
    for (const [key, value] of Array.from(this.#map.entries()))
      if (value.readUInt32LE(8) === states.found)
        this.#map.set(key, encode(value.readBigUInt64LE(), states.known))
  }

  #forget(pid: number, ticks: bigint): void {
    const exempt = this.#object.map('exempt_processes')
    for (const [key, value] of Array.from(exempt.entries())) {
      // One with a bit runs an exempt program.
      const isIt = key.readUInt32LE(8) === pid && key.readBigUInt64LE() / nsPerTick === ticks
      if (isIt && value.readUInt32LE() === 0) exempt.delete(key)
    }
    this.#map.delete(encodeNumber(pid))
  }
}

function encode(ticks: bigint, state: number): Buffer {
  const value = Buffer.alloc(16)
  value.writeBigUInt64LE(ticks)
  value.writeUInt32LE(state, 8)
  return value
}
