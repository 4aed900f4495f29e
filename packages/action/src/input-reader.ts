import { plain } from '@runwarden/events/plain'
import { type FailMode, nearestWord } from '@runwarden/policy'
import type { InputProblems } from './input-error.ts'

/** Truth values of YAML 1.2's core schema, which the runner's toolkit takes. */
const truths = new Map([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
])

/** Reads single inputs. Each method notes what is wrong, and gives null or the default in its place. */
export class InputReader {
  readonly #env: NodeJS.ProcessEnv
  readonly #problems: InputProblems

  constructor(env: NodeJS.ProcessEnv, problems: InputProblems) {
    this.#env = env
    this.#problems = problems
  }

  /** As it was written. */
  raw(name: string): string {
    return this.#env[variableOf(name)] ?? ''
  }

  /** Without blanks around it; null: empty. */
  text(name: string): string | null {
    return this.raw(name).trim() || null
  }

  flag(name: string): boolean | null {
    const text = this.text(name)
    if (text === null) return null
    const value = truths.get(text)
    if (value !== undefined) return value
    const lower = text.toLowerCase()
    const near = /^(yes|on|1|y|t)$/.test(lower)
      ? 'true'
      : /^(no|off|0|n|f)$/.test(lower)
        ? 'false'
        : nearestWord(text, ['true', 'false'])
    this.#problems.add(name, text, 'is true or false', near)
    return null
  }

  choice<const Word extends string, Default extends Word | null>(
    name: string,
    words: readonly Word[],
    otherwise: Default,
  ): Word | Default {
    const text = this.text(name)
    if (text === null) return otherwise
    const found = words.find((word) => word === text)
    if (found !== undefined) return found
    this.#problems.add(name, text, `is ${listed(words)}`, nearestWord(text, words))
    return otherwise
  }

  /** Words of a known list, blanks, commas or newlines between; each once. */
  words(name: string, known: readonly string[], what: string): string[] {
    const found = new Set<string>()
    for (const word of this.raw(name).split(/[\s,]+/)) {
      if (word === '') continue
      if (known.includes(word)) found.add(word)
      else
        this.#problems.add(
          name,
          word,
          `is no ${what}: ${known.join(', ')} are`,
          nearestWord(word, known),
        )
    }
    return [...found]
  }

  /** The name of something at the control plane. */
  name(name: string): string | null {
    const text = this.text(name)
    if (text === null) return null
    if (text.length <= 200 && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text)) return text
    this.#problems.add(name, text, 'is one line of at most 200 characters')
    return null
  }

  path(name: string): string | null {
    const text = this.text(name)
    return text === null ? null : this.#path(name, text)
  }

  /** One path a line. */
  paths(name: string): string[] {
    return this.raw(name)
      .split(/\r\n|\r|\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map((line) => this.#path(name, line))
      .filter((path) => path !== null)
  }

  /** A path that stays within the repository. */
  #path(name: string, text: string): string | null {
    const parts = text.split('/').filter((part) => part !== '' && part !== '.')
    // oxlint-disable-next-line no-control-regex
    if (/[\0-\x1f\x7f]/.test(text))
      this.#problems.add(name, text, 'is one path, without control characters')
    else if (text.startsWith('/') || parts.length === 0 || parts.includes('..'))
      this.#problems.add(name, text, 'is a path from the root of the repository, and stays in it')
    else return parts.join('/')
    return null
  }

  /** An https URL without user, query and fragment, and without a slash at its end. */
  url(name: string): string | null {
    const text = this.text(name)
    if (text === null) return null
    const url = URL.parse(text)
    if (url === null) {
      const near = URL.parse(`https://${text}`)
      const known = near !== null && /^[\w.-]+\.[a-z]+(:\d+)?(\/|$)/i.test(text)
      this.#problems.add(name, text, 'is no URL', known ? withoutSlash(near.href) : null)
      return null
    }
    // Its text may hold a password, so it is not repeated.
    if (url.username !== '' || url.password !== '')
      this.#problems.add(name, '', 'has a user or password in it: use api-key')
    else if (url.search !== '' || url.hash !== '')
      this.#problems.add(name, text, 'has no query or fragment', url.origin)
    else if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)))
      return withoutSlash(url.href)
    else
      this.#problems.add(
        name,
        text,
        'is an https URL (http only for this machine itself): policies that come over an open line could be anybody’s',
        url.protocol === 'http:' ? withoutSlash(url.href.replace('http:', 'https:')) : null,
      )
    return null
  }

  /** As `permissions:` of a workflow: `contents: read`, a line or comma between; `read-all`, `write-all`, `{}`. */
  permissions(name: string): Record<string, string> | null {
    const text = this.text(name)
    if (text === null) return null
    const granted: Record<string, string> = {}
    for (const entry of text.split(/[,\n]/).map((one) => one.trim())) {
      if (entry === '' || entry === '{}') continue
      const all = /^(read|write)-all$/.exec(entry)?.[1]
      const [, permission, access] =
        all === undefined
          ? (/^([a-z][a-z-]*)\s*:\s*(read|write|none)$/.exec(entry) ?? [])
          : ['', '*', all]
      if (permission !== undefined && access !== undefined) granted[permission] = access
      else
        this.#problems.add(
          name,
          entry,
          "is written as in a workflow: 'contents: read', 'read-all' or 'write-all'",
          nearestWord(entry, ['read-all', 'write-all']),
        )
    }
    return granted
  }

  /** What the workflow wants of a job that cannot be protected, whatever else is wrong. */
  failMode(): FailMode {
    const said = this.text('fail-mode')
    if (said !== null) return said === 'open' ? 'open' : 'closed'
    return this.text('egress-policy') === 'audit' ? 'open' : 'closed'
  }

  /** A sentence for each input that there is none of. */
  unknown(known: readonly string[]): string[] {
    const variables = new Set(known.map(variableOf))
    return Object.keys(this.#env)
      .filter((key) => key.startsWith('INPUT_') && !variables.has(key))
      .toSorted()
      .map((key) => {
        const name = key.slice('INPUT_'.length).toLowerCase()
        const near = nearestWord(name, known)
        return `${plain(name, 100)} is no input of this action, and has no effect${near === null ? '.' : `: did you mean ${near}?`}`
      })
  }
}

/** The variable that the runner passes an input by. */
function variableOf(input: string): string {
  return `INPUT_${input.replaceAll(' ', '_').toUpperCase()}`
}

function listed(words: readonly string[]): string {
  return words.length < 2
    ? words.join('')
    : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
