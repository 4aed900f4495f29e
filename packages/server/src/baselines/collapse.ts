import { compile, policyOf, parseEndpoint, PolicyError } from '@runwarden/policy'
import type { BaselineDestination } from './baseline.ts'

/** Names that differ in one place: fewer may as well be a handful of hosts. */
const leastNames = 5
/** What rotates is not the same in most runs. */
const mostOften = 0.5

/** Hosts that rotate, as the narrowest wildcard that fits them all. */
export interface Rotating {
  pattern: string
  port: number
  protocol: BaselineDestination['protocol']
  hosts: BaselineDestination[]
}

/**
 * Finds hosts that take turns: at least five names that differ within one label alone, each in at most half of the runs, and
 * one after the other (the newest came when the first was known). A wildcard that would also fit names that anyone can get
 * is not offered: its hosts stay what they are, one line each.
 */
export function rotating(destinations: readonly BaselineDestination[], runs: number): Rotating[] {
  const groups = new Map<string, BaselineDestination[]>()
  for (const one of destinations) {
    if (one.host === null || one.runs > runs * mostOften) continue
    const labels = one.host.split('.')
    // The zone and the domain below it are never what rotates.
    for (let at = 0; at < labels.length - 2; at++) {
      const key = JSON.stringify([labels.with(at, '*'), at, one.port, one.protocol])
      groups.set(key, [...(groups.get(key) ?? []), one])
    }
  }
  const taken = new Set<BaselineDestination>()
  const found: Rotating[] = []
  const largestFirst = [...groups].toSorted(([, a], [, b]) => b.length - a.length)
  for (const [key, all] of largestFirst) {
    const hosts = all.filter((one) => !taken.has(one))
    if (hosts.length < leastNames || !takeTurns(hosts)) continue
    const [labels, at, port, protocol] = JSON.parse(key) as [
      string[],
      number,
      number,
      BaselineDestination['protocol'],
    ]
    const pattern = labels.with(at, narrowest(hosts.map(({ host }) => labelOf(host, at)))).join('.')
    if (isOpen(pattern, port, protocol)) continue
    for (const one of hosts) taken.add(one)
    found.push({ pattern, port, protocol, hosts })
  }
  return found
}

const labelOf = (host: string | null, at: number): string => host?.split('.')[at] ?? ''

/** Not all of them were there from the first run on. */
function takeTurns(hosts: readonly BaselineDestination[]): boolean {
  return new Set(hosts.map(({ first }) => first.jobId)).size > 1
}

/** What all texts begin and end with, and a star between. */
function narrowest(texts: readonly string[]): string {
  const [first = ''] = texts
  let head = 0
  while (head < first.length && texts.every((text) => text[head] === first[head])) head++
  const shortest = Math.min(...texts.map(({ length }) => length))
  let tail = 0
  while (
    tail < shortest - head &&
    texts.every((text) => text.at(-1 - tail) === first.at(-1 - tail))
  )
    tail++
  return `${first.slice(0, head)}*${tail === 0 ? '' : first.slice(-tail)}`
}

/** Whether a wildcard is one that is warned of: a stranger can have a name that it fits. */
function isOpen(pattern: string, port: number, protocol: string): boolean {
  try {
    const endpoint = parseEndpoint(`${protocol}://${pattern}:${port}`)
    return compile(policyOf([endpoint])).warnings.length > 0
  } catch (error) {
    if (error instanceof PolicyError) return true
    throw error
  }
}
