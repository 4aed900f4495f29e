import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfMap, type MapEntries, openPinnedMap } from '@runwarden/libbpf'

/** Maps that only a policy's change writes; what is learned or counted in others changes all the time. */
const written =
  /^(policy_state|policies|(grants|grant_hosts|grant_ports|single_ports|blocked|blocked_hosts|blocked_names)_\d)$/

/** Of these the ones that are hashes: to go through them costs as much as they have room, through the others as much as they hold. */
const hashes = /^(grant_hosts|single_ports|blocked_hosts|blocked_names)_/

/** Entries up to which a map is compared, and put right entry by entry, though nobody is suspected. */
const small = 4096
/** Room of a hash up to which that is each second. */
const smallRoom = 8192
/** How often those with more are looked at, and the slot that is not in force: every so many seconds. */
const seldom = 5

interface Known {
  name: string
  /** Of which of the two slots it is; null: of neither. */
  slot: number | null
  map: BpfMap
  /** null: there are too many; their digest is kept. */
  entries: MapEntries | null
  digest: string
}

function digestOf(entries: Iterable<MapEntries>): string {
  const hash = createHash('sha256')
  for (const { keys, values } of entries) hash.update(keys).update(values)
  return hash.digest('hex')
}

/** What the policy's maps in the kernel hold, as it was written, and whether that still stands. */
export class PolicyMaps {
  readonly #folder: string
  #known: Known[] = []
  /** The slot in force, as it was written. */
  #slot = 0
  #checks = 0

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
        const batches = [...map.batches()]
        const count = batches.reduce((sum, batch) => sum + batch.count, 0)
        const entries = count > small ? null : joined(batches, count)
        const slot = /_\d$/.test(name) ? Number(name.at(-1)) : null
        this.#known.push({ name, slot, map, entries, digest: digestOf(batches) })
        if (name === 'policy_state') this.#slot = (entries?.values.readUInt32LE() ?? 0) & 1
      }
    }
  }

  /**
   * Names of the maps that somebody else has written to; those that are small hold what they should again.
   * @param whole look at large ones, too
   */
  check(whole: boolean): string[] {
    const all = whole || ++this.#checks % seldom === 0
    const changed = this.#check(whole, (known) => all || this.#isOften(known))
    // The other slot may just have been in force.
    return all || changed.length === 0 ? changed : [...changed, ...this.#check(whole, () => true)]
  }

  #isOften({ name, slot, map }: Known): boolean {
    if (slot !== null && slot !== this.#slot) return false
    return !hashes.test(name) || map.maxEntries <= smallRoom
  }

  #check(whole: boolean, isLookedAt: (known: Known) => boolean): string[] {
    const changed: string[] = []
    for (const known of this.#known) {
      const { name, map, entries, digest } = known
      if ((entries === null && !whole) || !isLookedAt(known)) continue
      if (digestOf(map.batches()) === digest) continue
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

/** In buffers of their own size: a batch has room for more. */
function joined(batches: readonly MapEntries[], count: number): MapEntries {
  return {
    keys: Buffer.concat(batches.map(({ keys }) => keys)),
    values: Buffer.concat(batches.map(({ values }) => values)),
    count,
  }
}

/** What is missing comes before what is too much goes: a policy's state is replaced in one store. */
function restore(map: BpfMap, { keys, values, count }: MapEntries): void {
  map.setBatch(keys, values, count)
  const size = map.keySize
  const own = new Set(
    Array.from({ length: count }, (_, i) => keys.toString('hex', i * size, (i + 1) * size)),
  )
  for (const key of Array.from(map.entries(), ([one]) => one)) {
    if (!own.has(key.toString('hex'))) map.delete(key)
  }
}
