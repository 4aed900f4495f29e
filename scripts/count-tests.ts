/**
 * Prints `N passed, N failed, N skipped` for the named vitest JSON results, each skipped test
 * and each that passed only at its second try with its name before that. Ends with 1 when a test failed or was skipped, when a file could
 * not be collected, or when there are no results: a run that tested nothing has not passed.
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
      if (test.status === 'passed' && test.failureMessages?.length)
        console.log(`unsteady: ${test.fullName} (${file.name}): ${test.failureMessages[0]}`)
      if (test.status === 'passed' || test.status === 'failed') continue
      skipped++
      console.log(`${test.status}: ${test.fullName} (${file.name})`)
    }
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed + skipped + broken > 0 || passed === 0 ? 1 : 0
