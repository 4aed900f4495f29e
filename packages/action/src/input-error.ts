import { plain } from '@runwarden/events/plain'
import type { FailMode } from '@runwarden/policy'

/** One thing that is wrong with the inputs. */
export interface InputProblem {
  input: string
  /** The offending text as it was written; empty for inputs that may be secret. */
  text: string
  /** What is wrong, for the person who wrote the workflow. */
  what: string
  /** The nearest valid value; null: none is near. */
  nearest: string | null
  /** Within the input, both from 1; null: the whole of it. */
  place: { line: number; column: number } | null
}

/** Inputs that cannot be used. The message has a line for each problem. */
export class InputError extends Error {
  readonly code = 'INPUT_INVALID'
  readonly problems: readonly InputProblem[]
  /** What the workflow wants of a job that cannot be protected, as far as that could be read: else `closed`. */
  readonly failMode: FailMode

  constructor(problems: readonly [InputProblem, ...InputProblem[]], failMode: FailMode) {
    super(problems.map(formatInputProblem).join('\n'))
    this.name = 'InputError'
    this.problems = problems
    this.failMode = failMode
  }
}

/** `input:line:column: "text": what; did you mean nearest?` */
function formatInputProblem({ input, text, what, nearest, place }: InputProblem): string {
  const at = place === null ? '' : `:${place.line}:${place.column}`
  const quoted = text === '' ? '' : ` "${plain(text, 120)}":`
  const near = nearest === null ? '' : `; did you mean ${plain(nearest, 200)}?`
  return `${input}${at}:${quoted} ${plain(what, 1_000)}${near}`
}

/** Collects what is wrong, so that all of it is told at once. */
export class InputProblems {
  readonly #all: InputProblem[] = []

  add(
    input: string,
    text: string,
    what: string,
    nearest: string | null = null,
    place: InputProblem['place'] = null,
  ): void {
    this.#all.push({ input, text, what, nearest, place })
  }

  /** @throws InputError when anything is wrong */
  refuse(failMode: FailMode): void {
    const [first, ...rest] = this.#all
    if (first !== undefined) throw new InputError([first, ...rest], failMode)
  }
}
