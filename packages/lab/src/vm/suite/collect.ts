/** What a test file declares, as vitest would collect it. */

export type Step = (context: TestContext) => unknown

export interface TestContext {
  onTestFinished(step: () => unknown): void
}

export interface Test {
  name: string
  run: Step
  timeoutMs: number | undefined
}

export interface Suite {
  name: string
  tests: (Test | Suite)[]
  beforeAll: (() => unknown)[]
  afterAll: (() => unknown)[]
  beforeEach: Step[]
  afterEach: Step[]
}

export interface TestResult {
  name: string
  /** What went wrong, for a person; null: it passed. */
  error: string | null
}

export function suite(name: string): Suite {
  return { name, tests: [], beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] }
}

export const file = suite('')

let current = file

/** Adds a suite with what `declare` declares. */
export function addSuite(name: string, declare: () => void): void {
  const outer = current
  const inner = suite(name)
  outer.tests.push(inner)
  current = inner
  try {
    declare()
  } finally {
    current = outer
  }
}

export function currentSuite(): Suite {
  return current
}
