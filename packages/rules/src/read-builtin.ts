import { readdirSync, readFileSync } from 'node:fs'
import { readRules } from './read.ts'
import type { RuleSet } from './rule.ts'

const folder = new URL('../builtin/', import.meta.url)

let read: RuleSet | undefined

/** The rules that always hold, with their tests. Read once. */
export function readBuiltinRules(): RuleSet {
  read ??= readRules(
    readdirSync(folder)
      .filter((name) => name.endsWith('.yml'))
      .toSorted()
      .map((name) => ({
        file: `builtin/${name}`,
        text: readFileSync(new URL(name, folder), 'utf8'),
      })),
  )
  return read
}
