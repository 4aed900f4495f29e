/** Prints what builtin.ts reads: the built-in rules, checked. */
import { prepareRules } from './prepared.ts'
import { readBuiltinRules } from './read-builtin.ts'

process.stdout.write(JSON.stringify(prepareRules(readBuiltinRules())))
