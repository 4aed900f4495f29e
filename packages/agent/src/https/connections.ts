import { type Use, Used } from './used.ts'

/** By its process, and the address of the library's object for it. */
export interface Kept<T> {
  readonly execId: string
  readonly address: bigint
  readonly of: T
}

/** What is known of connections, in the order in which they were used last. */
export class Connections<T> {
  private readonly used = new Used<Kept<T>>()
  private readonly byProcess = new Map<string, Map<bigint, Use<Kept<T>>>>()

  get size(): number {
    return this.used.size
  }

  /** The one that was used longest ago. */
  get oldest(): Kept<T> | null {
    return this.used.oldest?.of ?? null
  }

  has(execId: string, address: bigint): boolean {
    return this.byProcess.get(execId)?.has(address) === true
  }

  /** It is the newest from here on. */
  use(execId: string, address: bigint): T | undefined {
    const use = this.byProcess.get(execId)?.get(address)
    if (use === undefined) return undefined
    this.used.use(use)
    return use.of.of
  }

  /** One that is not there yet. */
  add(execId: string, address: bigint, of: T): void {
    const use = this.used.add({ execId, address, of })
    const own = this.byProcess.get(execId)
    if (own === undefined) this.byProcess.set(execId, new Map([[address, use]]))
    else own.set(address, use)
  }

  /** @returns what was taken out */
  take(execId: string, address: bigint): T | undefined {
    const own = this.byProcess.get(execId)
    const use = own?.get(address)
    if (own === undefined || use === undefined) return undefined
    this.used.remove(use)
    own.delete(address)
    if (own.size === 0) this.byProcess.delete(execId)
    return use.of.of
  }

  /** Of one process. */
  addressesOf(execId: string): bigint[] {
    return [...(this.byProcess.get(execId)?.keys() ?? [])]
  }

  /** Of all, the oldest first. */
  *[Symbol.iterator](): Generator<T, void, void> {
    for (let use = this.used.oldest; use !== null; use = use.after) yield use.of.of
  }
}
