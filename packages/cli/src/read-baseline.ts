import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError, type Baseline, destinationOf } from '@runwarden/agent'
import { readNamedFile } from './run-files.ts'

/** Those verdicts under which something went out. */
const left: ReadonlySet<unknown> = new Set(['allowed', 'would-block'])

/**
 * The destinations that past runs have reached; undefined when no path is named.
 * @param paths report.json of a run, or a folder: of one run, or of many
 * @throws AgentError for what can't be read, is no report, or is a folder without any
 */
export function readBaseline(paths: readonly string[]): Baseline | undefined {
  if (paths.length === 0) return undefined
  return new Set(paths.flatMap(reportsAt).flatMap(destinationsOf))
}

function reportsAt(path: string): string[] {
  if (!existsSync(path) || !statSync(path).isDirectory()) return [path]
  const found = [path, ...readdirSync(path).map((name) => join(path, name))]
    .map((folder) => join(folder, 'report.json'))
    .filter((file) => existsSync(file))
  if (found.length > 0) return found
  throw new AgentError(
    'UNREADABLE',
    `the baseline ${path} holds no report.json of a run`,
    'name a report.json, or a folder of such runs (.runwarden)',
  )
}

function destinationsOf(file: string): string[] {
  const text = readNamedFile(file, 'baseline')
  const broken = (why: string): AgentError =>
    new AgentError(
      'UNREADABLE',
      `the baseline ${file} is no report of Runwarden: ${why}`,
      'name the report.json of a run that has come to its end',
    )
  let report: unknown
  try {
    report = JSON.parse(text)
  } catch {
    throw broken('it is no JSON')
  }
  const { schema, destinations } = (report ?? {}) as Record<string, unknown>
  if (schema !== 1 || !Array.isArray(destinations)) throw broken('it has no destinations')
  return (destinations as unknown[]).flatMap((one) => {
    const { host, address, port, protocol, verdict } = (one ?? {}) as Record<string, unknown>
    const known =
      (typeof host === 'string' || host === null) &&
      typeof address === 'string' &&
      typeof port === 'number' &&
      typeof protocol === 'string'
    if (!known) throw broken('a destination lacks host, address, port or protocol')
    return left.has(verdict) ? [destinationOf({ host, address, port, protocol })] : []
  })
}
