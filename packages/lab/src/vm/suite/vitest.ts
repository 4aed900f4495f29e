/**
 * Stands for vitest in a guest, where the whole of it would take half a minute to start: the parts
 * of its interface that tests with root behaviour use. Assertions are vitest's own.
 */
import { format } from 'node:util'
import { addSuite, currentSuite, type Step } from './collect.ts'

export { expect, vi } from 'vitest'

interface Options {
  timeout?: number
}

type Declare = (name: string, ...rest: (Step | Options | number)[]) => void

function declareTest(name: string, ...rest: (Step | Options | number)[]): void {
  const run = rest.find((part) => typeof part === 'function')
  if (run === undefined) throw new Error(`the test "${name}" has no function`)
  currentSuite().tests.push({ name, run, timeoutMs: timeoutOf(rest) })
}

function declareSuite(name: string, ...rest: (Step | Options | number)[]): void {
  const declare = rest.find((part) => typeof part === 'function')
  // vitest's suites may be async functions; none of ours needs to be.
  addSuite(name, () => void (declare as (() => unknown) | undefined)?.())
}

function timeoutOf(rest: readonly (Step | Options | number)[]): number | undefined {
  for (const part of rest) {
    if (typeof part === 'number') return part
    if (typeof part === 'object' && part.timeout !== undefined) return part.timeout
  }
  return undefined
}

type Row = readonly unknown[]

function withTables(declare: Declare) {
  const each =
    (rows: readonly unknown[]) =>
    (name: string, run: (...row: unknown[]) => unknown, options?: Options | number) => {
      for (const [index, row] of rows.entries()) {
        const values: Row = Array.isArray(row) ? row : [row]
        declare(title(name, values, index), () => run(...values), options ?? {})
      }
    }
  const loop =
    (rows: readonly unknown[]) =>
    (
      name: string,
      run: (row: unknown, context: unknown) => unknown,
      options?: Options | number,
    ) => {
      for (const [index, row] of rows.entries()) {
        const values: Row = Array.isArray(row) ? row : [row]
        declare(title(name, values, index), (context) => run(row, context), options ?? {})
      }
    }
  return Object.assign(declare, { each, for: loop, sequential: declare })
}

/** `%s` and the like take the row's values in turn, `%#` its number, `$key` a field of it, `$key.0` one inside that. */
function title(name: string, values: Row, index: number): string {
  const [first] = values
  const named = name
    .replaceAll('%#', String(index))
    .replaceAll('%$', String(index + 1))
    .replace(/\$(\w+(?:\.\w+)*)/g, (text, path: string) => {
      const value = path.split('.').reduce<unknown>(fieldOf, first)
      return value === undefined ? text : String(value)
    })
  const places = named.match(/%[sdifjoOc]/g)?.length ?? 0
  return format(named, ...values.slice(0, places))
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}

export const test = withTables(declareTest)
export const it = test
export const describe = withTables(declareSuite)
export const beforeAll = (step: () => unknown) => void currentSuite().beforeAll.push(step)
export const afterAll = (step: () => unknown) => void currentSuite().afterAll.push(step)
export const beforeEach = (step: Step) => void currentSuite().beforeEach.push(step)
export const afterEach = (step: Step) => void currentSuite().afterEach.push(step)

const finishing: (() => unknown)[][] = []

/** The runner's: what the test that runs now has said is to be done after it. */
export function collectFinishers(): (() => unknown)[] {
  const steps: (() => unknown)[] = []
  finishing.push(steps)
  return steps
}

export function onTestFinished(step: () => unknown): void {
  const steps = finishing.at(-1)
  if (steps === undefined) throw new Error('onTestFinished outside of a test')
  steps.push(step)
}
