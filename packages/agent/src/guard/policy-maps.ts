import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfMap, openPinnedMap } from '@runwarden/libbpf'

/** Maps that only a policy's change writes; what is learned or counted in others changes all the time. */
const written =
  /^(policy_state|policies|(grants|grant_hosts|grant_ports|single_ports|blocked|blocked_hosts|blocked_names)_\d)$/

/** Entries up to which a map is compared every second, and put right entry by entry. */
const small = 4096

interface Known {
  name: string
  map: BpfMap
  /** null: there are too many; their digest is kept. */
  entries: Map<string, Buffer> | null
  digest: string
}

function digestOf(map: BpfMap): { digest: string; count: number } {
  const hash = createHash('sha256')
  let count = 0
  for (const [key, value] of map.entries()) {
    hash.update(key).update(value)
    count++
  }
  return { digest: hash.digest('hex'), count }
}

/** What the policy's maps in the kernel hold, as it was written, and whether that still stands. */
export class PolicyMaps {
  readonly #folder: string
  #known: Known[] = []

  /** @param folder where the enforcement is pinned */
  constructor(folder: string) {
    this.#folder = folder
    this.note()
  }

  /** Takes what the maps hold now for what they should hold. */
  note(): void {
    this.close()
    for (const maps of readdirSync(this.#folder).filter((name) => name.startsWith('maps'))) {
      for (const name of readdirSync(join(this.#folder, maps))) {
        if (!written.test(name)) continue
        const map = openPinnedMap(join(this.#folder, maps, name))
        const { digest, count } = digestOf(map)
        const entries =
          count > small
            ? null
            : new Map(
                Array.from(map.entries(), ([key, value]) => [
                  key.toString('hex'),
                  Buffer.from(value),
                ]),
              )
        this.#known.push({ name, map, entries, digest })
      }
    }
  }

  /**
   * Names of the maps that somebody else has written to; those that are small hold what they should again.
   * @param whole look at large ones, too
   */
  check(whole: boolean): string[] {
    const changed: string[] = []
    for (const { name, map, entries, digest } of this.#known) {
      if (entries === null && !whole) continue
      if (digestOf(map).digest === digest) continue
      changed.push(name)
      if (entries !== null) restore(map, entries)
    }
    return changed
  }

  close(): void {
    for (const { map } of this.#known) map.close()
    this.#known = []
  }
}

/** What is missing comes before what is too much goes: a policy's state is replaced in one store. */
function restore(map: BpfMap, entries: ReadonlyMap<string, Buffer>): void {
  for (const [key, value] of entries) map.set(Buffer.from(key, 'hex'), value)
  for (const key of Array.from(map.entries(), ([one]) => one)) {
    if (!entries.has(key.toString('hex'))) map.delete(key)
  }
}
