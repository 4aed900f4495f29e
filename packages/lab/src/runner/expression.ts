import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import { RunnerError } from './error.ts'
import { hashFiles } from './hash-files.ts'

/** `${{ … }}`, to be evaluated when its step's turn has come. */
export class Expression {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A value of a workflow or action.yml, as its parser read it. */
export type Value =
  | string
  | number
  | boolean
  | null
  | Expression
  | Value[]
  | { [key: string]: Value }

/** Contexts (`github`, `env`, …) by name. */
export type Contexts = Readonly<Record<string, unknown>>

/** How the job, the composite action or what a job needs stands, for success(), failure() and their kind. */
export type Status = 'success' | 'failure' | 'cancelled' | 'skipped'

/** A function of an expression that takes nothing. */
function is(name: string, value: boolean) {
  return { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) }
}

/** hashFiles() of the workspace that the `github` context names. */
function hashing(contexts: Contexts) {
  const { workspace } = (contexts['github'] ?? {}) as { workspace?: string }
  return {
    name: 'hashFiles',
    minArgs: 1,
    maxArgs: 255,
    call: (...patterns: { coerceString(): string }[]) => {
      if (workspace === undefined) throw new RunnerError('hashFiles() is for steps only')
      return new data.StringData(
        hashFiles(
          workspace,
          patterns.map((one) => one.coerceString()),
        ),
      )
    },
  }
}

/** @throws RunnerError */
export function evaluate(text: string, contexts: Contexts, status: Status): unknown {
  const functions = [
    hashing(contexts),
    is('always', true),
    is('success', status === 'success'),
    is('failure', status === 'failure'),
    is('cancelled', status === 'cancelled'),
  ]
  try {
    // The lexer itself undoes only the first doubled quote of a text, and scripts have many.
    const { tokens } = new Lexer(text).lex()
    for (const token of tokens)
      if (token.lexeme.startsWith("'"))
        token.value = token.lexeme.slice(1, -1).replaceAll("''", "'")
    const parsed = new Parser(tokens, Object.keys(contexts), functions).parse()
    const known = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary
    const byName = new Map(functions.map((one) => [one.name.toLowerCase(), one]))
    const result = new Evaluator(parsed, known, byName).evaluate()
    return JSON.parse(JSON.stringify(result, data.replacer)) as unknown
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RunnerError(`cannot evaluate \${{ ${text} }}: ${why}`, { cause: error })
  }
}

/** A scalar as text, its expressions evaluated. */
export function textOf(value: Value | undefined, contexts: Contexts, status: Status): string {
  const plain = value instanceof Expression ? evaluate(value.text, contexts, status) : value
  if (plain === undefined || plain === null) return ''
  return typeof plain === 'object' ? JSON.stringify(plain) : String(plain as string | number)
}

/** A mapping of scalars, each as text. */
export function textsOf(
  value: Value | undefined,
  contexts: Contexts,
  status: Status,
): Record<string, string> {
  if (value === undefined || value === null) return {}
  if (value instanceof Expression)
    return textsOf(evaluate(value.text, contexts, status) as Value, contexts, status)
  return Object.fromEntries(
    Object.entries(mapping(value)).map(([key, one]) => [key, textOf(one, contexts, status)]),
  )
}

/** Whether a condition holds; without a function of status in it, only while nothing has failed. */
export function holds(condition: string, contexts: Contexts, status: Status): boolean {
  const asks = /\b(?:always|success|failure|cancelled)\s*\(/i.test(condition)
  const result = evaluate(asks ? condition : `success() && (${condition})`, contexts, status)
  return result !== false && result !== null && result !== 0 && result !== ''
}

export function mapping(value: Value | undefined): { [key: string]: Value } {
  return typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Expression)
    ? value
    : {}
}
