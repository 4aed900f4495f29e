import { PolicyLevel, type StoredPolicy } from '@runwarden/events/control-plane'
import { policyLevels } from '@runwarden/events/stored-policy'
import { formatEndpoint, parseEndpoint, PolicyError } from '@runwarden/policy'
import { z } from 'zod'
import type { Database } from '../db/database.ts'
import type { OwnedPolicy } from './effective.ts'

const Given = z.array(z.object({ id: z.string(), level: PolicyLevel, version: z.int() }))

/** Notes which policies a job was given, for those who ask later why something was allowed in it. */
export function rememberPolicies(
  db: Database,
  jobId: string,
  policies: readonly OwnedPolicy[],
): void {
  const given = policies.map(({ id, level, version }) => ({ id, level, version }))
  db.run(
    `INSERT INTO job_modes (job_id, policies) VALUES (?, ?) ON CONFLICT DO UPDATE SET policies = excluded.policies`,
    jobId,
    JSON.stringify(given),
  )
}

/** The policies that a job was given last, the strongest level first; as they were then. */
export function givenPolicies(db: Database, jobId: string): StoredPolicy[] {
  const found = db.get<{ policies: string }>(
    'SELECT policies FROM job_modes WHERE job_id = ?',
    jobId,
  )
  return Given.parse(JSON.parse(found?.policies ?? '[]')).flatMap(({ id, level, version }) => {
    const stored = db.get<{ name: string; text: string }>(
      'SELECT name, text FROM policies JOIN policy_versions ON policy_id = id WHERE id = ? AND version = ?',
      id,
      version,
    )
    return stored === undefined ? [] : [{ level, version, ...stored }]
  })
}

/** Where a line of a job's policy comes from. */
export const Source = z.object({
  level: PolicyLevel,
  name: z.string(),
  version: z.int(),
  /** Of that document; null: it stands for a preset of it. */
  line: z.int().nullable(),
})
export type Source = z.infer<typeof Source>

/** A line of a job's policy. */
export const PolicyLine = z.object({
  text: z.string(),
  /** What its comment says of where it comes from: `allowed-endpoints:1:1`, `base v3 (organisation):4`; null: it has none. */
  from: z.string().nullable(),
  /** Of the policy store; null: it comes from elsewhere. */
  source: Source.nullable(),
})
export type PolicyLine = z.infer<typeof PolicyLine>
z.globalRegistry.add(PolicyLine, { id: 'AppliedPolicyLine' })

/** How documents name a policy of the store, and its line. */
const named = new RegExp(`^(.*) v(\\d+) \\((${policyLevels.join('|')})\\):(\\d+)$`)

/** A line, and what stands behind the first ` # ` outside of quotes. */
const commented = /^((?:"(?:[^"\\]|\\.)*"|[^"])*?) # (.*)$/

/**
 * The lines of a composed document, each with where it comes from.
 * @param policies of the store that the job was given: of no others a line is said to be
 */
export function linesOf(text: string, policies: readonly StoredPolicy[]): PolicyLine[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, said = line, from = null] = commented.exec(line) ?? []
      const [, name, version, level, place] = named.exec(from ?? '') ?? []
      const policy = policies.find((one) => one.name === name && one.level === level)
      const source =
        policy === undefined
          ? null
          : {
              level: policy.level,
              name: policy.name,
              version: Number(version),
              line: Number(place),
            }
      return { text: said, from, source }
    })
}

/** What a verdict's rule names: `job policy:7 host:443 (preset)` → `host:443`, in canonical form. */
const endpointOf = (text: string): string | null => {
  try {
    return formatEndpoint(parseEndpoint(text))
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}

/** Tells where the line behind a verdict comes from; null: from the workflow itself, or it is not known. */
export function sourcesOf(lines: readonly PolicyLine[]): (rule: string | null) => Source | null {
  const known = new Map<string, Source | null>()
  for (const { text, source } of lines) {
    const quoted = /^[^"]*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
    const endpoint = quoted === undefined ? null : endpointOf(quoted)
    if (endpoint !== null && !known.has(endpoint)) known.set(endpoint, source)
  }
  return (rule) => {
    const [, said = ''] = /^.*?:\d+(?::\d+)? (\S+)/.exec(rule ?? '') ?? []
    return known.get(endpointOf(said) ?? '') ?? null
  }
}
