import type { BlockList } from './block-list.ts'
import { maskAddress, sameBytes } from './address.ts'
import type { CompiledPolicy } from './compile.ts'
import { compile } from './compile.ts'
import { covers, decide, matchName } from './decide.ts'
import type { Actor, Decision } from './decide.ts'
import type { Endpoint } from './endpoint.ts'
import { formatEndpoint } from './endpoint-parts.ts'
import { formatPlace, PolicyError } from './error.ts'
import { hostWithPort, httpsLines } from './https.ts'
import { matchPattern } from './host-name.ts'
import { isNarrowed } from './narrowing.ts'
import { narrowing } from './notices.ts'
import { editDistance } from './nearest-word.ts'
import type { Policy, PolicyRule } from './policy.ts'

/** A line of the policy that has to do with an endpoint without deciding it. */
export interface NearLine {
  /** `policy.yml:4` */
  readonly where: string
  readonly text: string
  /** What it does or why it does not apply. */
  readonly why: string
}

export interface Explanation extends Decision {
  /** The endpoint that was asked about, in canonical form. */
  readonly endpoint: string
  /** Lines that allow it as well, or nearly do. */
  readonly near: readonly NearLine[]
  /** What else a person should know, a sentence each. */
  readonly notes: readonly string[]
}

const alsoAllows = 'allows it too'

/** Lines that an explanation shows besides the one that decides. */
const mostLines = 20

/**
 * Which line decides about one endpoint, and why; with the lines that nearly matched.
 * @param by the program that would connect, and its step
 * @throws PolicyError when the endpoint is a wildcard, a block of addresses or a range of ports
 */
export function explain(
  policy: Policy,
  endpoint: Endpoint,
  blockList?: BlockList,
  by: Pick<Actor, 'exe' | 'step'> = {},
): Explanation {
  const { host, protocol, portFrom: port } = endpoint
  if (
    host.kind === 'pattern' ||
    endpoint.portTo !== port ||
    (host.kind === 'address' && host.prefix !== 128)
  ) {
    const what = 'names more than one destination: ask about one name or address and one port'
    throw new PolicyError([{ ...endpoint.where, text: endpoint.text, what, nearest: null }])
  }
  const compiled = compile(policy, blockList)
  const attempt =
    host.kind === 'name'
      ? { host: host.name, port, protocol, ...by }
      : { address: host.address, port, protocol, ...by }
  const decision = decide(compiled, attempt)
  return {
    ...decision,
    endpoint: formatEndpoint(endpoint),
    near: nearLines(policy, endpoint, decision, isUnderHttps(compiled, endpoint)),
    notes: notesOf(compiled, endpoint, decision),
  }
}

/** An explanation as lines of text. */
export function formatExplanation(explanation: Explanation): string {
  const lines = [`${explanation.endpoint}: ${explanation.verdict}`, `  ${explanation.reason}`]
  if (explanation.verdict === 'attack-blocked') lines.push(`  ${explanation.rule ?? ''}`)
  for (const { where, text, why } of explanation.near) lines.push(`  ${where} ${text}: ${why}`)
  for (const note of explanation.notes) lines.push(`  ${note}`)
  return `${lines.join('\n')}\n`
}

function nearLines(
  policy: Policy,
  endpoint: Endpoint,
  decision: Decision,
  underHttps: boolean,
): NearLine[] {
  const near: NearLine[] = []
  for (const rule of policy.rules) {
    const text = formatEndpoint(rule.endpoint)
    const where = formatPlace(rule.where)
    if (isLabel(decision.rule, `${where} ${text}`)) continue
    const why = whyNear(rule, endpoint)
    if (why === null || (decision.verdict === 'allowed' && why !== alsoAllows)) continue
    // Notes have the HTTPS rules of such a host; what other lines say of it counts for nothing.
    if (underHttps && why === alsoAllows) continue
    near.push({ where, text, why })
    if (near.length === mostLines) break
  }
  return near
}

/** A preset's name may stand after the endpoint. */
function isLabel(rule: string | null, label: string): boolean {
  return rule === label || rule?.startsWith(`${label} (`) === true
}

function whyNear(rule: PolicyRule, endpoint: Endpoint): string | null {
  const asked = { port: endpoint.portFrom, protocol: endpoint.protocol }
  if (sameHost(rule, endpoint)) {
    if (rule.endpoint.protocol !== asked.protocol) {
      return `same host, but over ${rule.endpoint.protocol.toUpperCase()}, not ${asked.protocol.toUpperCase()}`
    }
    if (!covers(rule.endpoint, asked)) return `same host, but another port than ${asked.port}`
    if (rule.kind === 'https') return `allows ${narrowing(rule)} only`
    return isNarrowed(rule) ? `allows it to ${narrowing(rule)} only` : alsoAllows
  }
  const { host } = rule.endpoint
  if (endpoint.host.kind !== 'name' || host.kind === 'address') return null
  const { name } = endpoint.host
  if (host.kind === 'pattern') {
    return host.pattern === `*.${name}` ? 'fits names under it, not the bare name itself' : null
  }
  if (name.endsWith(`.${host.name}`)) {
    return `is that one name only; names under it need "*.${host.name}"`
  }
  if (name === host.name || Math.abs(name.length - host.name.length) > 2 || name.length < 5)
    return null
  return editDistance(name, host.name) <= 2 ? 'reads alike, but is another name' : null
}

function sameHost(rule: PolicyRule, endpoint: Endpoint): boolean {
  const { host } = rule.endpoint
  const asked = endpoint.host
  if (asked.kind === 'address') {
    return (
      host.kind === 'address' && sameBytes(maskAddress(asked.address, host.prefix), host.address)
    )
  }
  if (asked.kind !== 'name' || host.kind === 'address') return false
  return host.kind === 'name' ? host.name === asked.name : matchPattern(host.pattern, asked.name)
}

function notesOf(compiled: CompiledPolicy, endpoint: Endpoint, decision: Decision): string[] {
  const notes: string[] = []
  const port = endpoint.portFrom
  if (decision.verdict === 'would-block') {
    notes.push('egress is audit: it passes and is reported; egress: block would stop it')
  }
  const refused = decision.verdict === 'blocked' || decision.verdict === 'would-block'
  if (refused && endpoint.host.kind === 'address' && compiled.names.length > 0) {
    notes.push(
      'an address that the policy does not name is allowed only while an allowed name leads to it',
    )
  }
  if (refused && endpoint.host.kind === 'name' && /^(.*\.)?localhost$/.test(endpoint.host.name))
    notes.push(
      'what /etc/hosts says of a name is not asked of any server: where it leads to a loopback address, it is allowed',
    )
  if (refused && port === 53)
    notes.push(
      'nothing reaches that server, and yet what is sent there does not fail: port 53 is led to the DNS proxy, which answers in its place as the policy says of each name',
    )
  const grants = endpoint.host.kind === 'name' ? matchName(compiled, endpoint.host.name).grants : []
  if (
    decision.verdict === 'allowed' &&
    grants.some((grant) => grant.unchecked && covers(grant, { port, protocol: endpoint.protocol }))
  )
    notes.push('names: unchecked: its connections may ask for any name')
  if (endpoint.host.kind === 'name' && isUnderHttps(compiled, endpoint)) {
    const requests = httpsLines(compiled, hostWithPort(endpoint.host.name, port)).join('; ')
    notes.push(
      `only requests that an HTTPS rule of the host allows, whatever other lines say: ${requests}`,
    )
    const here = grants.filter((grant) => covers(grant, { port, protocol: endpoint.protocol }))
    if (here.some(({ rule }) => rule >= compiled.https.unseenFrom))
      notes.push('unseen: allow: TLS that cannot be read passes')
  }
  if (decision.verdict === 'allowed' && endpoint.host.kind === 'name')
    notes.push(
      `where it leads to a private address (or another that is not the open internet's), that address needs a line, too: port ${port}`,
    )
  if (refused && decision.rule !== null)
    notes.push('that line is for these only: ask for one of them with --step and --exe')
  else if (refused) notes.push(`to allow it: ${formatEndpoint(endpoint, true)}`)
  return notes
}

function isUnderHttps(compiled: CompiledPolicy, { host, portFrom, protocol }: Endpoint): boolean {
  if (host.kind !== 'name') return false
  const grant = matchName(compiled, host.name).grants.find((one) =>
    covers(one, { port: portFrom, protocol }),
  )
  return grant !== undefined && grant.rule >= compiled.https.from
}
