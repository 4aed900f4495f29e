import type { Destination, Report, ReportDns } from '@runwarden/events'
import { neededLines } from '@runwarden/policy/needed-lines'
import { requestLines } from '@runwarden/policy/request-lines'
import { endpointOf, isHostName } from './address.ts'

/** One line that a policy lacks, and who asked for it. */
export interface Lacking {
  endpoint: string
  /** The port is a guess: only the name was asked for. */
  assumed: boolean
  /** The endpoint is in the policy: it lacks `names: unchecked`. */
  unchecked: boolean
  /** Of requests: the whole entry of `allow`. */
  entry: string | null
  execId: string | null
}

/** The entry of `allow` in a policy, on one line; `quoted` is its endpoint. */
export function policyEntry(line: Lacking, quoted = JSON.stringify(line.endpoint)): string {
  if (line.entry !== null) return line.entry
  return line.unchecked ? `{ endpoint: ${quoted}, names: unchecked }` : quoted
}

/**
 * Names that a policy may lack, though nothing was tried at an address: those that were refused, and those that were answered in
 * audit mode. A name that nobody knows is none of them, and a reverse name goes with the line of its address.
 */
export function onlyAsked({
  destinations,
  dns,
}: {
  destinations: readonly Destination[]
  dns: readonly ReportDns[]
}): ReportDns[] {
  const hosts = new Set(destinations.map(({ host }) => host))
  return dns.filter(
    ({ name, type, verdict, rcode }) =>
      !hosts.has(name) &&
      (verdict === 'blocked' ||
        (verdict === 'would-block' && rcode === 'NOERROR' && type !== 'PTR')),
  )
}

const isRefused = ({ verdict }: { verdict: string }): boolean =>
  verdict === 'blocked' || verdict === 'would-block'

/**
 * What was blocked, or would have been, as the lines that would allow it. Destinations of the block
 * list are not in it: no policy can allow them.
 */
export function lacking(report: Report): Lacking[] {
  const lines = new Map<string, Lacking>()
  const add = (line: Lacking): void => {
    const key = `${line.entry ?? line.endpoint} ${line.unchecked}`
    if (!lines.has(key)) lines.set(key, line)
  }
  const reached = new Set(
    report.destinations
      .filter(({ verdict }) => verdict === 'allowed')
      .flatMap(({ endpoint, processes }) => processes.map(({ execId }) => `${endpoint} ${execId}`)),
  )
  for (const to of report.destinations) {
    if (to.endpoint === null || !isRefused(to)) continue
    const lines = neededLines(to)
    // The policy has the line: what was refused is what they said there (another name, ECH).
    const has =
      to.processes.length > 0 &&
      to.processes.every(({ execId }) => reached.has(`${to.endpoint} ${execId}`))
    for (const { host, address, unchecked, has: had } of lines) {
      const endpoint = endpointOf({ ...to, host, address })
      if (endpoint === null || had || (has && lines.length === 1 && !unchecked)) continue
      add({
        endpoint,
        assumed: false,
        unchecked,
        entry: null,
        execId: to.processes[0]?.execId ?? null,
      })
    }
  }
  for (const { entry, requests } of requestLines(report.http.filter(isRefused)))
    add({
      endpoint: '',
      assumed: false,
      unchecked: false,
      entry,
      execId: requests[0]?.processes[0]?.execId ?? null,
    })
  for (const query of onlyAsked(report)) {
    if (!isHostName(query.name) || !['A', 'AAAA', 'HTTPS', 'SVCB'].includes(query.type)) continue
    add({
      endpoint: `${query.name}:443`,
      assumed: true,
      unchecked: false,
      entry: null,
      execId: query.processes[0]?.execId ?? null,
    })
  }
  return [...lines.values()]
}
