import { formatEndpoint } from './endpoint-parts.ts'
import type { Endpoint } from './endpoint.ts'
import type { Egress, FailMode, PolicyRule } from './policy.ts'

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
    const from = `${rule.where.file}:${rule.where.line}`
    const text = quoted(formatEndpoint(rule.endpoint))
    if (rule.kind === 'https')
      this.#add(
        mapping([
          ['https', text],
          ['methods', list(rule.methods)],
          ['paths', list(rule.paths)],
          ['unseen', rule.unseen === 'refuse' ? '' : rule.unseen],
        ]),
        from,
      )
    else if (rule.steps.length + rule.exe.length === 0 && rule.names === 'checked')
      this.#add(text, from)
    else
      this.#add(
        mapping([
          ['endpoint', text],
          ['steps', list(rule.steps)],
          ['exe', list(rule.exe)],
          ['names', rule.names === 'checked' ? '' : rule.names],
        ]),
        from,
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

/** A text in double quotes: JSON, which YAML 1.2 reads alike, with everything beyond ASCII escaped. */
function quoted(text: string): string {
  return ascii(JSON.stringify(text))
}

/** On one line, with all that a reader does not see written out. */
function ascii(text: string): string {
  return text.replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `[${texts.map(quoted).join(', ')}]`
}

function mapping(pairs: readonly (readonly [key: string, value: string])[]): string {
  return `{ ${pairs.flatMap(([key, value]) => (value === '' ? [] : [`${key}: ${value}`])).join(', ')} }`
}
