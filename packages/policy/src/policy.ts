import type { Endpoint } from './endpoint.ts'
import type { Where } from './error.ts'

export type Egress = 'audit' | 'block'
export type FailMode = 'closed' | 'open'
/** Roads to root that a job loses: none of them; sudo and its like; container engines as well. */
export type Hardening = 'none' | 'sudo' | 'sudo-and-containers'

/** Whether connections are held to the name that opened their address: its SNI or HTTP Host. */
export type NameCheck = 'checked' | 'unchecked'

/** An allowed endpoint; with `steps` or `exe` it is narrowed to these. Empty lists: not narrowed. */
export interface EndpointRule {
  readonly kind: 'endpoint'
  readonly endpoint: Endpoint
  readonly steps: readonly string[]
  readonly exe: readonly string[]
  readonly names: NameCheck
  /** The preset that brought it; null: the document names it. */
  readonly preset: string | null
  readonly where: Where
}

/** What becomes of TLS that can't be read, towards a host with HTTPS rules. */
export type Unseen = 'refuse' | 'allow'

/** Requests to a host that are allowed. Empty lists: every method, every path. */
export interface HttpsRule {
  readonly kind: 'https'
  readonly endpoint: Endpoint
  readonly methods: readonly string[]
  readonly paths: readonly string[]
  readonly unseen: Unseen
  readonly where: Where
}

export type PolicyRule = EndpointRule | HttpsRule

/** A switch of the document that was set, and where. */
export interface Switch {
  readonly on: boolean
  readonly where: Where
}

/** One detection that ends the job. */
export interface LockdownEntry {
  readonly detection: string
  readonly where: Where
}

/** One policy document, read and checked, presets unfolded. Plain data. */
export interface Policy {
  readonly version: 1
  readonly file: string
  /** `audit` when the document does not say. */
  readonly egress: Egress
  /** `closed` when the document does not say. */
  readonly failMode: FailMode
  readonly rules: readonly PolicyRule[]
  readonly disableSudo: Switch | null
  readonly disableSudoAndContainers: Switch | null
  readonly disableFileMonitoring: Switch | null
  readonly lockdown: readonly LockdownEntry[]
}

/** A policy of endpoints only, for callers that were given no document. */
export function policyOf(
  endpoints: readonly Endpoint[],
  options: { file?: string; egress?: Egress; failMode?: FailMode } = {},
): Policy {
  return {
    version: 1,
    file: options.file ?? 'allow-list',
    egress: options.egress ?? 'audit',
    failMode: options.failMode ?? 'closed',
    rules: endpoints.map(endpointRule),
    disableSudo: null,
    disableSudoAndContainers: null,
    disableFileMonitoring: null,
    lockdown: [],
  }
}

/** The policy with more endpoints, and with the modes that were given in place of its own. */
export function extendPolicy(
  policy: Policy,
  more: {
    endpoints?: readonly Endpoint[]
    egress?: Egress | undefined
    failMode?: FailMode | undefined
    lockdown?: readonly LockdownEntry[]
  },
): Policy {
  return {
    ...policy,
    egress: more.egress ?? policy.egress,
    failMode: more.failMode ?? policy.failMode,
    rules: [...policy.rules, ...(more.endpoints ?? []).map(endpointRule)],
    lockdown: [...policy.lockdown, ...(more.lockdown ?? [])],
  }
}

function endpointRule(endpoint: Endpoint): EndpointRule {
  return plainRule(endpoint, null, endpoint.where)
}

const all: readonly string[] = []

/** An endpoint that nothing else is said of. */
export function plainRule(endpoint: Endpoint, preset: string | null, where: Where): EndpointRule {
  return { kind: 'endpoint', endpoint, steps: all, exe: all, names: 'checked', preset, where }
}

/** Whether a rule allows an endpoint, and not requests. */
export function isEndpoint(rule: PolicyRule): rule is EndpointRule {
  return rule.kind === 'endpoint'
}

/** What the switches of a policy take away. The one for containers says sudo as well. */
export function hardeningOf(policy: Policy): Hardening {
  if (policy.disableSudoAndContainers?.on === true) return 'sudo-and-containers'
  return policy.disableSudo?.on === true ? 'sudo' : 'none'
}
