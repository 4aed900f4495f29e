import type { CompiledPolicy, NameGrant } from './compile.ts'
import { ruleLabel } from './decide.ts'
import type { Decision } from './decide.ts'
import { canonicalName } from './host-name.ts'
import { fitsPath, pathSegments } from './https-path.ts'
import { addName, emptyNameIndex, lookUpName } from './name-index.ts'
import type { NameIndex } from './name-index.ts'
import type { HttpsRule, Unseen } from './policy.ts'
import { requestLines } from './request-lines.ts'

const HTTPS_PORT = 443

/** Requests to the hosts that fit a pattern, which a line of the policy allows. Empty lists: every method, every path. */
export interface HttpsLine {
  readonly rule: number
  readonly port: number
  readonly methods: readonly string[]
  readonly paths: readonly string[]
}

/** The HTTPS rules of a policy. They are its last rules: first those that take no program whose TLS is not seen. */
export interface CompiledHttps {
  /** Index of the first HTTPS rule; of the first that lets TLS pass which is not seen. */
  readonly from: number
  readonly unseenFrom: number
  readonly lines: readonly HttpsLine[]
  readonly index: NameIndex
}

/** One request, as its head says. */
export interface HttpsRequest {
  readonly method: string
  /** With a port other than 443: without one it is of 443. */
  readonly host: string
  /** Without query. */
  readonly path: string
}

/** HTTPS rules in the order of their rules: `unseen` of each, the first rule's index. */
export function compileHttps(rules: readonly HttpsRule[], from: number): CompiledHttps {
  const index = emptyNameIndex()
  const lines = rules.map(({ endpoint, methods, paths }, i) => {
    const { host, portFrom: port } = endpoint
    if (host.kind !== 'address') addName(index, host.kind === 'name' ? host.name : host.pattern, i)
    return { rule: from + i, port, methods, paths }
  })
  return { from, unseenFrom: from + rules.filter(refusesUnseen).length, lines, index }
}

/** Those that refuse TLS that is not seen come first. */
export function httpsOrder(rules: readonly HttpsRule[]): HttpsRule[] {
  return [...rules.filter(refusesUnseen), ...rules.filter((rule) => !refusesUnseen(rule))]
}

function refusesUnseen({ unseen }: { unseen: Unseen }): boolean {
  return unseen === 'refuse'
}

/**
 * A host with HTTPS rules is reached through them only: what other lines grant for its ports of HTTPS is taken away,
 * in every protocol.
 */
export function underHttps(
  https: CompiledHttps,
  grants: readonly NameGrant[],
): readonly NameGrant[] {
  const found = grants.filter(({ rule }) => rule >= https.from)
  // The first decides about TLS that is not seen: one line that lets it pass is enough.
  const own = [
    ...found.filter(({ rule }) => rule >= https.unseenFrom),
    ...found.filter(({ rule }) => rule < https.unseenFrom),
  ]
  if (own.length === 0) return grants
  let others = grants.filter(({ rule }) => rule < https.from)
  for (const { portFrom: port } of own)
    others = others.flatMap((grant) =>
      port < grant.portFrom || port > grant.portTo
        ? [grant]
        : [
            { ...grant, portTo: port - 1 },
            { ...grant, portFrom: port + 1 },
          ].filter(({ portFrom, portTo }) => portFrom <= portTo),
    )
  return [...own, ...others]
}

/** The HTTPS rules of a host on the port that it is named with, with what each allows. */
export function httpsLines(compiled: CompiledPolicy, host: string): string[] {
  return httpsLinesOf(compiled, host).map(
    (line) => `${ruleLabel(compiled, line.rule)}${narrowed(line)}`,
  )
}

/** The lines of the HTTPS rules that a host fits, on the port that it is named with. */
export function httpsLinesOf({ https }: CompiledPolicy, host: string): HttpsLine[] {
  const { name, port } = splitHost(host)
  return lookUpName(https.index, name)
    .map((i) => https.lines[i] as HttpsLine)
    .filter((line) => line.port === port)
}

/** The name and the port of a host as a request has it. */
export function splitHost(host: string): { name: string; port: number } {
  const [, name = host, port = ''] = /^(.*):(\d*)$/.exec(host) ?? []
  return { name, port: port === '' ? HTTPS_PORT : Number(port) }
}

/** A host as a request has it. */
export function hostWithPort(name: string, port: number): string {
  return port === HTTPS_PORT ? name : `${name}:${port}`
}

/** What the policy's HTTPS rules say of a request; null: none is about its host. */
export function decideRequest(
  compiled: CompiledPolicy,
  { method, host, path }: HttpsRequest,
): Decision | null {
  if (compiled.https.lines.length === 0) return null
  const own = httpsLinesOf(compiled, host)
  if (own.length === 0) return null
  const segments = pathSegments(path)
  const fit = own.find(
    ({ methods, paths }) =>
      (methods.length === 0 || methods.includes(method)) &&
      (paths.length === 0 ||
        (segments !== null && paths.some((pattern) => fitsPath(pattern, segments)))),
  )
  if (fit !== undefined) {
    const rule = ruleLabel(compiled, fit.rule)
    return { verdict: 'allowed', reason: `allowed by ${rule}`, rule }
  }
  const odd = segments === null && own.some(({ paths }) => paths.length > 0)
  const why = odd ? 'its path can be read in more than one way' : 'no HTTPS rule allows it'
  const { name, port } = splitHost(host)
  const [line] = requestLines([
    { method, host: hostWithPort(canonicalName(name) ?? name, port), path },
  ])
  const add = line === undefined ? '' : `; to allow it: ${line.entry}`
  const lines = httpsLines(compiled, host).join('; ')
  const verdict = compiled.egress === 'block' ? 'blocked' : 'would-block'
  return { verdict, reason: `${why}: ${lines}${add}`, rule: null }
}

function narrowed({ methods, paths }: HttpsLine): string {
  const parts = [
    ...(methods.length === 0 ? [] : [methods.join(', ')]),
    ...(paths.length === 0 ? [] : [paths.join(', ')]),
  ]
  return parts.length === 0 ? '' : ` (${parts.join(' ')})`
}
