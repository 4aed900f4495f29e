/** A place in a text: file (or option) name, line and column, both from 1. */
export interface Where {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `policy.yml:4` */
export function formatPlace(where: Where): string {
  return `${where.file}:${where.line}`
}

/** One thing that is wrong in a policy, an endpoint or a block list. */
export interface Problem extends Where {
  /** The offending text as it was written, shortened when long. */
  readonly text: string
  /** What is wrong, for the person who wrote it. */
  readonly what: string
  /** The nearest valid form; null: nothing valid is near. */
  readonly nearest: string | null
}

/**
 * A policy, endpoint or block list that cannot be used. It lists every problem that was found, in
 * the order of the text; `file`, `line`, `column`, `text` and `nearest` are those of the first.
 * The message has one line per problem: `file:line:column: "text": what; did you mean nearest?`
 */
export class PolicyError extends Error {
  readonly code = 'POLICY_INVALID'
  readonly problems: readonly Problem[]
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
  readonly nearest: string | null

  constructor(problems: readonly [Problem, ...Problem[]]) {
    super(formatProblems(problems))
    this.name = 'PolicyError'
    const first = problems[0]
    this.problems = problems
    this.file = first.file
    this.line = first.line
    this.column = first.column
    this.text = first.text
    this.nearest = first.nearest
  }
}

/** Problems that a message shows; the rest is counted. */
const shown = 50

function formatProblems(problems: readonly Problem[]): string {
  const lines = problems.slice(0, shown).map(formatProblem)
  if (problems.length > shown) lines.push(`and ${problems.length - shown} more`)
  return lines.join('\n')
}

/** Throws a PolicyError when there is any problem, sorted by place. */
export function refuse(problems: readonly Problem[]): void {
  const [first, ...rest] = problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  if (first !== undefined) throw new PolicyError([first, ...rest])
}

/** `file:line:column: "text": what; did you mean nearest?` */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`
  const text = problem.text === '' ? '' : ` ${quote(problem.text)}:`
  const nearest = problem.nearest === null ? '' : `; did you mean ${printable(problem.nearest)}?`
  return `${place}:${text} ${printable(problem.what)}${nearest}`
}

const longest = 120

/**
 * Text in double quotes with everything escaped that a terminal or log could obey: policies and
 * allow-lists may come from a pull request.
 */
function quote(text: string): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text
  return `"${printable(cut).replaceAll('"', String.raw`\"`)}"`
}

/** Text with control, format and line-separating characters written as escapes. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}
