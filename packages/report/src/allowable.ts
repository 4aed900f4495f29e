import { uncheckedHint } from '@runwarden/policy/hint'
import { isHostName } from './address.ts'
import type { Report } from '@runwarden/events'

/** One line that a policy lacks, and who asked for it. */
export interface Lacking {
  endpoint: string
  /** The port is a guess: only the name was asked for. */
  assumed: boolean
  /** The endpoint is in the policy: it lacks `names: unchecked`. */
  unchecked: boolean
  execId: string | null
}

/** The entry of `allow` in a policy, on one line; `quoted` is its endpoint. */
export function policyEntry(line: Lacking, quoted = JSON.stringify(line.endpoint)): string {
  return line.unchecked ? `{ endpoint: ${quoted}, names: unchecked }` : quoted
}

/**
 * What was blocked, or would have been, as the lines that would allow it. Destinations of the block
 * list are not in it: no policy can allow them.
 */
export function lacking(report: Report): Lacking[] {
  const lines = new Map<string, Lacking>()
  const hosts = new Set<string>()
  const reached = new Set(
    report.destinations
      .filter(({ verdict }) => verdict === 'allowed')
      .flatMap(({ endpoint, processes }) => processes.map(({ execId }) => `${endpoint} ${execId}`)),
  )
  for (const to of report.destinations) {
    if (to.host !== null) hosts.add(to.host)
    if (to.endpoint === null || (to.verdict !== 'blocked' && to.verdict !== 'would-block')) continue
    const unchecked = to.host !== null && isHostName(to.host) && to.reason.endsWith(uncheckedHint)
    // The policy has the line: what was refused is what they said there (another name, ECH).
    const has = to.processes.every(({ execId }) => reached.has(`${to.endpoint} ${execId}`))
    if (has && !unchecked && to.processes.length > 0) continue
    const key = `${to.endpoint} ${unchecked}`
    if (!lines.has(key)) {
      lines.set(key, {
        endpoint: to.endpoint,
        assumed: false,
        unchecked,
        execId: to.processes[0]?.execId ?? null,
      })
    }
  }
  for (const query of report.dns) {
    if (query.verdict !== 'blocked' && query.verdict !== 'would-block') continue
    if (
      hosts.has(query.name) ||
      !isHostName(query.name) ||
      !['A', 'AAAA', 'HTTPS', 'SVCB'].includes(query.type)
    )
      continue
    const endpoint = `${query.name}:443`
    if (!lines.has(endpoint))
      lines.set(endpoint, {
        endpoint,
        assumed: true,
        unchecked: false,
        execId: query.processes[0]?.execId ?? null,
      })
  }
  return [...lines.values()]
}
