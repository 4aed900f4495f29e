import { formatEndpoint } from './endpoint-parts.ts'
import { isNarrowed } from './narrowing.ts'
import type { PolicyRule } from './policy.ts'
import { list, mapping, quoted } from './yaml-text.ts'

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
