/** Rules as files: reading, checking and testing them. Apart, since a watch needs none of it. */
export { readBuiltinRules } from './read-builtin.ts'
export { readRules, type RuleFile } from './read.ts'
export { runTests, type TestResult } from './run-tests.ts'
