import { formatBlock } from './address.ts'
import { lookUpAddress } from './address-index.ts'
import type { CompiledPolicy } from './compile.ts'
import { covers, ruleLabel } from './decide.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import { formatEndpoint } from './endpoint-parts.ts'
import { formatPlace, printable } from './error.ts'
import { matchPattern } from './host-name.ts'
import { isNarrowed } from './narrowing.ts'
import { lookUpName, type Numbers } from './name-index.ts'
import { openZones } from './open-zones.ts'
import type { EndpointRule, Policy, PolicyRule } from './policy.ts'

/** Detections that end the job, and that nothing can make while files are not watched: a sentence each, with its place. */
export function unseenOf({ disableFileMonitoring, lockdown }: Policy): string[] {
  if (disableFileMonitoring?.on !== true) return []
  const off = formatPlace(disableFileMonitoring.where)
  return lockdown
    .filter(({ detection }) => detection === 'source-code-overwritten')
    .map(
      ({ detection, where }) =>
        `${formatPlace(where)}: ${detection} ends no job, since it is never found: disable-file-monitoring in ${off}`,
    )
}

/** Narrowed lines that narrow nothing, since another line allows the same to everybody: a sentence each. */
export function overriddenOf(rules: readonly EndpointRule[], compiled: CompiledPolicy): string[] {
  return rules.filter(isNarrowed).flatMap((rule) => {
    const wider = widerRule(rule, compiled)
    if (wider === null) return []
    const what = `${formatPlace(rule.where)}: ${formatEndpoint(rule.endpoint)} is narrowed to ${narrowing(rule)}`
    return [`${what}, but ${wider} allows it without that`]
  })
}

/** What a rule is narrowed to: `steps checkout and programs /usr/bin/git`. */
export function narrowing(rule: PolicyRule): string {
  const parts =
    rule.kind === 'https'
      ? [list('methods', rule.methods), list('paths', rule.paths)]
      : [list('steps', rule.steps), list('programs', rule.exe)]
  const text = parts.filter((part) => part !== '').join(' and ')
  return rule.kind === 'https' ? `HTTPS requests${text === '' ? '' : ` with ${text}`}` : text
}

function list(what: string, values: readonly string[]): string {
  return values.length === 0 ? '' : `${what} ${printable(values.join(', '))}`
}

/** The rule that already allows all of what a narrowed rule is about. */
function widerRule(rule: PolicyRule, compiled: CompiledPolicy): string | null {
  const { host, protocol, portFrom, portTo } = rule.endpoint
  const within = (grant: { protocol: string; portFrom: number; portTo: number }) =>
    covers(grant, { protocol, port: portFrom }) && covers(grant, { protocol, port: portTo })
  if (host.kind === 'address') {
    const grant = lookUpAddress(compiled.index.addresses, host.address)
      .map((i) => compiled.addresses[i])
      .find(
        (one) =>
          one !== undefined && one.narrowing === 0 && one.prefix <= host.prefix && within(one),
      )
    return grant === undefined ? null : ruleLabel(compiled, grant.rule)
  }
  // A wildcard is covered by a pattern that its own text fits, "*" being a character like another.
  const name = host.kind === 'name' ? host.name : host.pattern
  const grant = lookUpName(compiled.index.names, name)
    .map((i) => compiled.names[i])
    .find((one) => one !== undefined && one.narrowing === 0 && within(one))
  return grant === undefined ? null : ruleLabel(compiled, grant.rule)
}

/** What is valid but probably not meant: a sentence each, with its place. */
export function warningsOf(rules: readonly EndpointRule[], compiled: CompiledPolicy): string[] {
  const sentences: string[] = []
  const beside = rulesBeside(compiled)
  const seen = new Map<string, string>()
  for (const [index, rule] of rules.entries()) {
    const line = compiled.rules[index]
    if (line === undefined || rule.preset !== null) continue
    const { where, text } = line
    if (beside.has(index)) {
      const key = isNarrowed(rule) ? [text, ...rule.exe, '', ...rule.steps].join('\n') : text
      const first = seen.get(key)
      if (first === undefined) seen.set(key, where)
      else sentences.push(`${where}: ${text} repeats ${first}`)
    }
    const wide = tooWide(rule.endpoint)
    if (wide !== null) sentences.push(`${where}: ${text} ${wide}`)
  }
  return sentences
}

/** Rules whose host another one names, too: only these can say the same. */
function rulesBeside({ index, names, addresses }: CompiledPolicy): Set<number> {
  const found = new Set<number>()
  const collect = (grants: readonly { rule: number }[], numbers: Numbers): void => {
    if (typeof numbers === 'number' || numbers.length === 1) return
    for (const number of numbers) found.add(grants[number]?.rule ?? -1)
  }
  for (const numbers of index.names.exact.values()) collect(names, numbers)
  for (const numbers of index.names.under.values()) collect(names, numbers)
  for (const heads of index.names.inside.values())
    for (const list of heads.values()) for (const { numbers } of list) collect(names, numbers)
  for (const blocks of index.addresses.byPrefix.values())
    for (const numbers of blocks.values()) collect(addresses, numbers)
  return found
}

function tooWide({ host, protocol, portFrom }: EndpointParts): string | null {
  if (host.kind === 'address') {
    const short = host.family === 4 ? host.prefix < 96 + 8 : host.prefix < 16
    return short ? `allows a large part of the internet: all of ${formatBlock(host)}` : null
  }
  if (protocol === 'tcp' && portFrom === 123 && host.kind === 'name') {
    return `is TCP; time servers are asked over UDP: udp://${host.name}:123`
  }
  if (host.kind !== 'pattern') return null
  const labels = host.pattern.split('.')
  const fixed = labels.slice(labels.findLastIndex((label) => label.includes('*')) + 1).join('.')
  if (!fixed.includes('.')) {
    const first = labels[0] ?? ''
    return first === '*' || labels.length > 2
      ? `allows every name under ${fixed}`
      : `also fits names that anyone can register under ${fixed}; a leading "*." stands for whole labels`
  }
  return openZones.some((zone) => matchPattern(zone, fixed))
    ? `allows names that anyone can get under ${fixed}: name the exact host`
    : null
}
