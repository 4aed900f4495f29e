import type { BlockEntry } from '@runwarden/policy'

export const kinds = ['domains', 'wildcards', 'addresses'] as const
export type Kind = (typeof kinds)[number]

/** An entry as it stands in the feed: `added` and `expires` as ISO 8601. */
export type Listed = Pick<BlockEntry, 'value' | 'reason' | 'reference' | 'added' | 'expires'>
export type Lists = Record<Kind, Listed[]>

export const noLists = (): Lists => ({ domains: [], wildcards: [], addresses: [] })

/** An entry with what is known of it, in the order that the feed's documentation has. */
export function listed({ value, reason, reference, added, expires }: Listed): Listed {
  return {
    value,
    reason,
    ...(reference === undefined ? {} : { reference }),
    ...(added === undefined ? {} : { added }),
    ...(expires === undefined ? {} : { expires }),
  }
}

/** Of several entries of one value the first stays; what has expired goes. */
export function merge(
  all: readonly Lists[],
  now: number,
): { lists: Lists; nextExpiry: number; lastExpiry: number } {
  const lists = noLists()
  let nextExpiry = Infinity
  let lastExpiry = 0
  for (const kind of kinds) {
    const seen = new Set<string>()
    for (const entry of all.flatMap((one) => one[kind])) {
      const expires = entry.expires === undefined ? Infinity : Date.parse(entry.expires)
      if (expires <= now) {
        lastExpiry = Math.max(lastExpiry, expires)
        continue
      }
      nextExpiry = Math.min(nextExpiry, expires)
      if (seen.has(entry.value)) continue
      seen.add(entry.value)
      lists[kind].push(entry)
    }
  }
  return { lists, nextExpiry, lastExpiry }
}

/** Bytes of entries in an answer to a job's start, which holds them as JSON within JSON. */
export const sizeOf = (lists: Lists): number =>
  Buffer.byteLength(JSON.stringify(JSON.stringify(lists)))
