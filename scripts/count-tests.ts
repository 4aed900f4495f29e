/**
 * Prints `N passed, N failed, N skipped` for the named vitest JSON results; before that, by name, each test that failed
 * or passed only at its second try, with why, and each that was skipped. Ends with 1 when a test failed or was skipped,
 * when a file could not be collected, or when there are no results: a run that tested nothing has not passed.
 */
import { existsSync, readFileSync } from 'node:fs'

interface Results {
  numPassedTests: number
  numFailedTests: number
  numFailedTestSuites: number
  success: boolean
  testResults: {
    name: string
    assertionResults: { status: string; fullName: string; failureMessages: string[] | null }[]
  }[]
}

let [passed, failed, skipped, broken] = [0, 0, 0, 0]
for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    console.log(`no results: ${path}`)
    broken++
    continue
  }
  const results = JSON.parse(readFileSync(path, 'utf8')) as Results
  passed += results.numPassedTests
  failed += results.numFailedTests
  if (!results.success) broken++
  for (const file of results.testResults) {
    for (const test of file.assertionResults) {
      const said = test.failureMessages?.[0]
      const name = `${test.fullName} (${file.name})`
      if (test.status === 'failed') console.log(`failed: ${name}: ${said ?? 'said nothing'}`)
      else if (test.status !== 'passed') console.log(`${test.status}: ${name}`)
      else if (said !== undefined) console.log(`unsteady: ${name}: ${said}`)
      if (test.status !== 'passed' && test.status !== 'failed') skipped++
    }
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed + skipped + broken > 0 || passed === 0 ? 1 : 0
