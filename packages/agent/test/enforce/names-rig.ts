import { isSaid } from '../../src/connection-teller.ts'
import type { Talker } from './net.ts'
import { Rig } from './rig.ts'

/** Segments as the act that sends them takes them. */
export const hex = (...segments: (Buffer | string)[]): string =>
  segments.map((part) => Buffer.from(part as string).toString('hex')).join(',')

/** The head of a request. */
export const http = (target: string, ...fields: string[]): string =>
  [`GET ${target} HTTP/1.1`, ...fields, 'Accept: */*', '', ''].join('\r\n')

/** What became of what was sent. */
export interface Sent {
  /** `ok` when all was echoed, else the error's name. */
  outcome: string
  /** `VERDICT REASON PROTOCOL NAME` of each refusal for what the connection said. */
  told: string[]
  /** What the peer received over TCP, hexadecimal. */
  arrived: string[]
}

/** A rig whose far side echoes TCP on 443, 80 and 22, and whose agent ends what is refused. */
export class NamesRig extends Rig {
  readonly #draining = setInterval(() => this.drain(), 5)
  #peer: Talker | undefined

  static async open(): Promise<NamesRig> {
    const rig = new NamesRig()
    rig.#peer = await rig.tell(443, 80, 22)
    return rig
  }

  override enforce(...options: Parameters<Rig['enforce']>): ReturnType<Rig['enforce']> {
    const made = super.enforce(...options)
    this.onRecord = (record) => made.enforcer.sighted(record)
    return made
  }

  /** Sends segments from the scope. */
  async send(
    scope: string,
    address: string,
    port: number,
    ...segments: (Buffer | string)[]
  ): Promise<Sent> {
    this.told()
    const outcome = await this.act(scope, 'segments', address, `${port}`, hex(...segments))
    return { outcome, told: this.refusals(), arrived: await this.received(address, port) }
  }

  /** What was told of refusals since the last call. */
  refusals(): string[] {
    this.drain()
    return this.records
      .splice(0)
      .filter((record) => record.said !== null && !isSaid(record))
      .map(({ verdict, reason, said }) =>
        [verdict, reason, said?.protocol, said?.name].filter(Boolean).join(' '),
      )
  }

  /** What the peer received since the last call; what is sent from outside of the scope marks the end. */
  async received(address: string, port: number): Promise<string[]> {
    await this.act(null, 'segments', address, `${port}`, hex('end'))
    const arrived: string[] = []
    for (;;) {
      const line = await this.#peer?.line()
      if (line === null || line === undefined) throw new Error('the peer has ended')
      if (line === hex('end')) return arrived
      arrived.push(line)
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#draining)
    await super[Symbol.asyncDispose]()
  }
}
