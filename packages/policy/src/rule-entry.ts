import { formatEndpoint } from './endpoint-parts.ts'
import { isNarrowed } from './narrowing.ts'
import type { PolicyRule } from './policy.ts'

/** The entry of `allow` of a rule that says more than an endpoint, on one line; null: it says no more. */
export function ruleEntry(rule: PolicyRule): string | null {
  if (rule.kind === 'endpoint' && !isNarrowed(rule) && rule.names === 'checked') return null
  const text = quoted(formatEndpoint(rule.endpoint))
  return rule.kind === 'https'
    ? mapping([
        ['https', text],
        ['methods', list(rule.methods)],
        ['paths', list(rule.paths)],
        ['unseen', rule.unseen === 'refuse' ? '' : rule.unseen],
      ])
    : mapping([
        ['endpoint', text],
        ['steps', list(rule.steps)],
        ['exe', list(rule.exe)],
        ['names', rule.names === 'checked' ? '' : rule.names],
      ])
}

/** The entry of `allow` for requests of one method to a host. */
export function requestEntry(host: string, method: string, paths: readonly string[]): string {
  return mapping([
    ['https', quoted(host)],
    ['methods', list([method])],
    ['paths', list(paths)],
  ])
}

/** A text in double quotes: JSON, which YAML 1.2 reads alike, with everything beyond ASCII escaped. */
export function quoted(text: string): string {
  return ascii(JSON.stringify(text))
}

/** On one line, with all that a reader does not see written out. */
export function ascii(text: string): string {
  return text.replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function list(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `[${texts.map(quoted).join(', ')}]`
}

function mapping(pairs: readonly (readonly [key: string, value: string])[]): string {
  return `{ ${pairs.flatMap(([key, value]) => (value === '' ? [] : [`${key}: ${value}`])).join(', ')} }`
}
