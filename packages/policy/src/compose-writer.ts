import { formatEndpoint } from './endpoint-parts.ts'
import type { Endpoint } from './endpoint.ts'
import type { Egress, FailMode, PolicyRule } from './policy.ts'
import { ruleEntry } from './rule-entry.ts'
import { ascii, list, quoted } from './yaml-text.ts'

/** Writes a policy document. Every text stands in quotes, in ASCII, so that none can become another part of it. */
export class PolicyWriter {
  readonly #head: string[]
  /** Entries of `allow`, each once, with where they come from. */
  readonly #allow = new Map<string, string>()
  readonly #tail: string[] = []

  constructor(egress: Egress, failMode: FailMode) {
    this.#head = ['version: 1', `egress: ${egress}`, `fail-mode: ${failMode}`]
  }

  endpoint(endpoint: Endpoint, from: string): void {
    this.#add(quoted(formatEndpoint(endpoint)), from)
  }

  /** A rule as it was read, with its place. */
  rule(rule: PolicyRule): void {
    this.#add(
      ruleEntry(rule) ?? quoted(formatEndpoint(rule.endpoint)),
      `${rule.where.file}:${rule.where.line}`,
    )
  }

  presets(names: readonly string[]): void {
    if (names.length > 0) this.#tail.push(`presets: ${list(names)}`)
  }

  lockdown(detections: readonly string[]): void {
    if (detections.length > 0) this.#tail.push(`lockdown: ${list([...new Set(detections)])}`)
  }

  flag(key: string, on: boolean): void {
    this.#tail.push(`${key}: ${on}`)
  }

  comment(text: string): void {
    this.#tail.push(`# ${ascii(text)}`)
  }

  toString(): string {
    const allow = [...this.#allow].map(([entry, from]) => `  - ${entry} # ${from}`)
    return [
      ...this.#head,
      allow.length === 0 ? 'allow: []' : 'allow:',
      ...allow,
      ...this.#tail,
      '',
    ].join('\n')
  }

  #add(entry: string, from: string): void {
    if (!this.#allow.has(entry)) this.#allow.set(entry, ascii(from.slice(0, 200)))
  }
}
