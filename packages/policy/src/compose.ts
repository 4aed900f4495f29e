import { parseAllowedEndpoints } from './allowed-endpoints.ts'
import { parsePolicy } from './document.ts'
import { formatEndpoint } from './endpoint-parts.ts'
import { type Endpoint, parseEndpoint } from './endpoint.ts'
import { PolicyError } from './error.ts'
import type { Egress, FailMode } from './policy.ts'
import { presetNamed } from './presets.ts'
import { type PolicyText, readSource, type Source } from './compose-source.ts'
import { PolicyWriter } from './compose-writer.ts'

/** What a workflow says itself, by the action's inputs. null: it does not say. */
export interface OwnWords {
  egressPolicy: Egress | null
  failMode: FailMode | null
  /** As it was written. */
  allowedEndpoints: string
  presets: readonly string[]
  /** Ids of detections. */
  lockdown: readonly string[]
  disableSudo: boolean | null
  disableSudoAndContainers: boolean | null
  disableFileMonitoring: boolean | null
}

/** An exact host that this one job needs, and why. */
export interface NeededHost {
  /** `host:port` */
  endpoint: string
  why: string
}

/** Where the policy of a job comes from, beside the workflow's inputs. */
export interface PolicySources {
  /** The document of `policy-file`. */
  file: PolicyText | null
  /** A control plane's documents: the job's own first, then its workflow's, its repository's, organisation's, cluster's. */
  stored: readonly PolicyText[]
  /** The services of this one job: results, caches, artifacts, OIDC. */
  hosts: readonly NeededHost[]
}

/** The one policy document of a job. */
export interface ComposedPolicy {
  /** YAML of version 1, which parsePolicy reads. */
  text: string
  /** What verdicts call it: `job policy:7` is its line 7. */
  name: string
  egress: Egress
  failMode: FailMode
  /** Sentences for the log: what is probably not meant. */
  warnings: string[]
  /** Sentences for the log: what the action added, and why. */
  notes: string[]
}

/** The preset whose wildcard stands for hosts that the action knows exactly. */
const exactPreset = 'github-actions'

/**
 * Puts a job's policy together. Each switch is decided by the first that says it: the workflow's inputs, `policy-file`, then the
 * control plane's documents in their order. `allow` and `presets` come from the first document that has either, and
 * `lockdown` from the first that has it; what the workflow's inputs name is added to these. Without any word on it a job is
 * blocked (`egress: block`), and `fail-mode` is closed in block mode and open in audit mode.
 * Of a wildcard of GitHub's services nothing is added: the preset `github-actions` stands for its exact hosts and this job's.
 * @throws PolicyError with every problem of one source, line and column as they stand there
 */
export function composePolicy(inputs: OwnWords, sources: PolicySources): ComposedPolicy {
  const inline = parseAllowedEndpoints(inputs.allowedEndpoints, 'allowed-endpoints')
  const documents = [sources.file, ...sources.stored].flatMap((one) =>
    one === null ? [] : [readSource(one)],
  )
  const merge = new Merge(documents)
  const egress =
    merge.first('egress', 'egress-policy', inputs.egressPolicy, ({ policy }) => policy.egress) ??
    'block'
  const failMode =
    merge.first('fail-mode', 'fail-mode', inputs.failMode, ({ policy }) => policy.failMode) ??
    (egress === 'block' ? 'closed' : 'open')
  const writer = new PolicyWriter(egress, failMode)
  for (const endpoint of inline)
    writer.endpoint(endpoint, `allowed-endpoints:${endpoint.where.line}:${endpoint.where.column}`)
  const presets = new Set(inputs.presets)
  const allow = merge.list('allow', ['allow', 'presets'])
  for (const rule of allow?.policy.rules ?? []) {
    if (rule.kind === 'endpoint' && rule.preset !== null) presets.add(rule.preset)
    else writer.rule(rule)
  }
  const notes = exactHosts(writer, presets, sources.hosts, merge.warnings)
  writer.presets([...presets].filter((name) => name !== exactPreset))
  for (const [key, said, of] of switches) {
    const on = merge.first(key, key, inputs[said], ({ policy }) => policy[of]?.on ?? false)
    if (on !== null) writer.flag(key, on)
  }
  const locked = merge.list('lockdown', ['lockdown'])?.policy.lockdown ?? []
  writer.lockdown([...inputs.lockdown, ...locked.map(({ detection }) => detection)])
  const text = writer.toString()
  const name = 'job policy'
  parsePolicy(text, name)
  return { text, name, egress, failMode, warnings: merge.warnings, notes }
}

const switches = [
  ['disable-sudo', 'disableSudo', 'disableSudo'],
  ['disable-sudo-and-containers', 'disableSudoAndContainers', 'disableSudoAndContainers'],
  ['disable-file-monitoring', 'disableFileMonitoring', 'disableFileMonitoring'],
] as const

/** Looks keys up by precedence, and notes what is passed over. */
class Merge {
  readonly warnings: string[] = []
  readonly #documents: readonly Source[]

  constructor(documents: readonly Source[]) {
    this.#documents = documents
  }

  /** The value that counts; null: nobody says it. */
  first<Value extends string | boolean>(
    key: string,
    input: string,
    inline: Value | null,
    of: (source: Source) => Value,
  ): Value | null {
    const [found, ...weaker] = this.#documents.filter(({ keys }) => keys.has(key))
    if (found === undefined) return inline
    const value = inline ?? of(found)
    const by =
      inline === null ? `${key}: ${value} of ${found.name}` : `${input}: ${value} of the workflow`
    for (const source of inline === null ? weaker : [found, ...weaker])
      if (of(source) !== value)
        this.warnings.push(`${by} stands before ${key}: ${of(source)} of ${source.name}.`)
    return value
  }

  /** The first document that has one of these keys. */
  list(what: string, keys: readonly string[]): Source | undefined {
    const [found, ...weaker] = this.#documents.filter((source) =>
      keys.some((key) => source.keys.has(key)),
    )
    for (const { name } of weaker)
      this.warnings.push(`${what} of ${name} is not used: that of ${found?.name} stands before it.`)
    return found
  }
}

/**
 * Adds this job's hosts. Those that are everybody's, as github.com is, are added where the preset names them: they lead to
 * any repository. @returns sentences that say so
 */
function exactHosts(
  writer: PolicyWriter,
  presets: ReadonlySet<string>,
  hosts: readonly NeededHost[],
  warnings: string[],
): string[] {
  const notes: string[] = []
  const wanted = presets.has(exactPreset)
  const group = presetNamed(exactPreset)?.endpoints ?? []
  const everybodys = new Set(group.map(({ endpoint }) => formatEndpoint(parseEndpoint(endpoint))))
  let services = false
  for (const { endpoint, why } of hosts) {
    const exact = readExact(endpoint)
    if (exact === null) {
      warnings.push(`${endpoint} (${why}) is no exact host, and was not allowed.`)
      continue
    }
    const text = formatEndpoint(exact)
    if (everybodys.has(text) && !wanted) continue
    services ||= !everybodys.has(text)
    writer.endpoint(exact, why)
    notes.push(`${text} is allowed: ${why}.`)
  }
  if (!wanted) return notes
  for (const { endpoint, why } of group)
    if (!endpoint.includes('*')) writer.endpoint(parseEndpoint(endpoint), `${exactPreset}: ${why}`)
  if (!services)
    warnings.push(
      `No host of this job's Actions services is known, so the preset ${exactPreset} allows none: where a step needs caches, artifacts or OIDC tokens, allow the host that the report shows.`,
    )
  return notes
}

/** An endpoint that is one host or address, and one port; null: it is wider, or none. */
function readExact(text: string): Endpoint | null {
  try {
    const endpoint = parseEndpoint(text)
    const { host } = endpoint
    const one = host.kind === 'name' || (host.kind === 'address' && host.prefix === 128)
    return one && endpoint.portFrom === endpoint.portTo ? endpoint : null
  } catch (error) {
    if (error instanceof PolicyError) return null
    throw error
  }
}
