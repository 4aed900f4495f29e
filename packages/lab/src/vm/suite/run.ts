/**
 * Runs one test file in a guest and writes what came of each test to a file, as JSON.
 *
 *   node run.ts TEST-FILE RESULTS [NAME-PATTERN]
 */
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { file, type Step, type Suite, type Test, type TestResult } from './collect.ts'

/** Emulation is many times slower than the machine that a test's limit was thought of for. */
const slowness = 5
const defaultTimeoutMs = 60_000

const standIn = new URL('vitest.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vitest' && context.parentURL !== standIn
      ? { url: standIn, shortCircuit: true }
      : next(specifier, context),
})

const { collectFinishers } = await import('./vitest.ts')
const [, , path, resultsPath, pattern = ''] = process.argv
if (path === undefined || resultsPath === undefined)
  throw new Error('usage: run.ts FILE RESULTS [PATTERN]')
const wanted = new RegExp(pattern)
const results: TestResult[] = []

try {
  await import(pathToFileURL(path).href)
  await runSuite(file, [])
} catch (error) {
  results.push({ name: path, error: describeError(error) })
}
writeFileSync(resultsPath, JSON.stringify(results))
// What a test has left open must not keep the guest waiting.
process.exit(results.every(({ error }) => error === null) ? 0 : 1)

async function runSuite(suite: Suite, above: Suite[]): Promise<void> {
  const line = [...above, suite]
  const title = (name: string) => [...line.slice(1).map((part) => part.name), name].join(' > ')
  if (!hasWanted(suite, line)) return
  const undo: (() => unknown)[] = []
  try {
    for (const step of suite.beforeAll) {
      const after = await limited(step, undefined)
      if (typeof after === 'function') undo.push(after as () => unknown)
    }
    for (const part of suite.tests) {
      if ('run' in part) {
        if (wanted.test(title(part.name)))
          results.push({ name: title(part.name), error: await runTest(part, line) })
      } else {
        await runSuite(part, line)
      }
    }
  } catch (error) {
    results.push({ name: title('beforeAll'), error: describeError(error) })
  }
  for (const step of [...suite.afterAll.toReversed(), ...undo.toReversed()]) {
    try {
      await limited(step, undefined)
    } catch (error) {
      results.push({ name: title('afterAll'), error: describeError(error) })
    }
  }
}

function hasWanted(suite: Suite, line: Suite[]): boolean {
  return suite.tests.some((part) =>
    'run' in part
      ? wanted.test([...line.slice(1).map(({ name }) => name), part.name].join(' > '))
      : hasWanted(part, [...line, part]),
  )
}

/** Gives the first thing that went wrong, or null. */
async function runTest(test: Test, line: readonly Suite[]): Promise<string | null> {
  const finishers = collectFinishers()
  const context = { onTestFinished: (step: () => unknown) => void finishers.push(step) }
  const failures: string[] = []
  const attempt = async (step: Step) => {
    try {
      await limited(() => step(context), test.timeoutMs)
    } catch (error) {
      failures.push(describeError(error))
    }
  }
  for (const suite of line) for (const step of suite.beforeEach) await attempt(step)
  if (failures.length === 0) await attempt(test.run)
  for (const step of finishers.toReversed()) await attempt(step)
  for (const suite of line.toReversed()) for (const step of suite.afterEach) await attempt(step)
  return failures[0] ?? null
}

async function limited(step: () => unknown, timeoutMs = defaultTimeoutMs): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>()
  const limit = timeoutMs * slowness
  const timer = setTimeout(() => reject(new Error(`took more than ${limit} ms`)), limit)
  try {
    return await Promise.race([step(), promise])
  } finally {
    clearTimeout(timer)
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { expected, actual } = error as { expected?: unknown; actual?: unknown }
  const compared =
    expected === undefined ? '' : `\nexpected ${show(expected)}\nactual   ${show(actual)}`
  return `${error.stack ?? error.message}${compared}`
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? value
    : (JSON.stringify(value, (_, part: unknown) =>
        typeof part === 'bigint' ? `${part}n` : part,
      ) ?? 'undefined')
}
