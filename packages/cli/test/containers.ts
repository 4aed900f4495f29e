import type { Event } from '@runwarden/events'
import type { Lab } from '@runwarden/lab'
import { expect } from 'vitest'

/** What a policy allows here, by name. */
export const good = {
  name: 'good.example.com',
  addresses: ['198.51.100.10', '2001:db8:1::10'],
} as const
/** What none allows, neither by name nor by address. */
export const bad = { name: 'bad.example.net', v4: '203.0.113.9', v6: '2001:db8:9::9' } as const

export const servers = [
  { name: good.name, addresses: good.addresses, ports: { https: 443 } },
  { name: bad.name, addresses: [bad.v4, bad.v6], ports: { http: 80, udp: 9 } },
]

/** A shell command that reaches for what is allowed. */
export const fetchGood = `curl -sS -m 60 https://${good.name}/`

/**
 * Options of curl in a container on a network with a resolver of its own: while that reads that there is one more container, nobody
 * answers. podman does not wait for it, and the name is then unknown at once.
 */
export const insistent = '--retry 30 --retry-delay 1 --retry-all-errors'

/** A shell command that reaches for what is not, by name, by address, and by a resolver elsewhere; it goes on whatever happens. */
export const reachForBad = [
  `curl -sS -m 60 http://${bad.name}/`,
  `curl -sS -m 60 http://${bad.v4}/`,
  `curl -sS -m 60 'http://[${bad.v6}]/'`,
  `dig +tries=1 +time=60 @198.51.100.53 ${bad.name} >/dev/null`,
  'true',
].join('; ')

/** Nothing has left the runner but for what is allowed: its server and the resolver. */
export async function expectNothingElseLeft(lab: Lab): Promise<void> {
  const to = new Set((await lab.internet.packets()).map((packet) => packet.to))
  expect([...to].filter((address) => !allowed.has(address))).toEqual([])
  const asked = new Set((await lab.dns.queries()).map(({ name }) => name))
  expect([...asked].filter((name) => name !== good.name)).toEqual([])
  const records = await lab.internet.records()
  expect(records.filter(({ address }) => !allowed.has(address))).toEqual([])
}

const allowed = new Set<string>([...good.addresses, '192.0.2.53'])

/** The refusals are in the record, each with the program behind it: curl, wherever it lies. */
export function expectRefusalsTold(events: readonly Event[]): void {
  const curls = new Set(
    events
      .filter((event) => event.kind === 'process.exec' && event.exe.endsWith('/usr/bin/curl'))
      .map(({ execId }) => execId),
  )
  const refused = events.flatMap((event) => {
    if (!('verdict' in event) || event.verdict !== 'blocked' || !curls.has(event.execId)) return []
    if (event.kind === 'net.connect') return [event.address]
    return event.kind === 'dns.query' ? [event.name] : []
  })
  for (const what of [bad.name, bad.v4, bad.v6]) expect(refused).toContain(what)
}

/** A word of a shell command. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
