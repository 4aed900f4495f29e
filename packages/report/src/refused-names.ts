import type { Report, ReportDns } from '@runwarden/events'

/** A name that the resolver refused, or would have: one entry, however many types and servers were asked. */
export interface RefusedName {
  first: ReportDns
  types: string[]
  servers: string[]
  count: number
}

/** Refused names in the order of the report. */
export function refusedNames({ dns }: Report): RefusedName[] {
  const refused = new Map<string, RefusedName>()
  for (const query of dns) {
    if (query.verdict === 'allowed') continue
    const key = `${query.verdict} ${query.name}`
    const known = refused.get(key)
    if (known === undefined) {
      refused.set(key, {
        first: query,
        types: [query.type],
        servers: [query.server],
        count: query.count,
      })
      continue
    }
    known.count += query.count
    addOnce(known.types, query.type)
    addOnce(known.servers, query.server)
  }
  return [...refused.values()]
}

/** Types and servers of one name that are named. */
const ROOM = 6

function addOnce(list: string[], text: string): void {
  if (list.length < ROOM && !list.includes(text)) list.push(text)
}
