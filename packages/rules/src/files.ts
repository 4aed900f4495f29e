/** Rules as files: reading, checking, testing and listing them. Apart, since a watch needs none of it: bundled, too. */
export { codedDetections } from './coded.ts'
export { readBuiltinRules } from './read-builtin.ts'
export { readRules, type RuleFile } from './read.ts'
export { runTests, type TestResult } from './run-tests.ts'
