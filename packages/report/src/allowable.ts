import { isHostName } from './address.ts'
import type { Report } from '@runwarden/events'

/** One line that a policy lacks, and who asked for it. */
export interface Lacking {
  endpoint: string
  /** The port is a guess: only the name was asked for. */
  assumed: boolean
  execId: string | null
}

/**
 * What was blocked, or would have been, as the lines that would allow it. Destinations of the block
 * list are not in it: no policy can allow them.
 */
export function lacking(report: Report): Lacking[] {
  const lines = new Map<string, Lacking>()
  const hosts = new Set<string>()
  for (const to of report.destinations) {
    if (to.host !== null) hosts.add(to.host)
    if (to.endpoint === null || (to.verdict !== 'blocked' && to.verdict !== 'would-block')) continue
    if (!lines.has(to.endpoint)) {
      lines.set(to.endpoint, {
        endpoint: to.endpoint,
        assumed: false,
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
      lines.set(endpoint, { endpoint, assumed: true, execId: query.processes[0]?.execId ?? null })
  }
  return [...lines.values()]
}
