import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { readRules, type RuleFile } from './read.ts'
import type { RuleSet } from './rule.ts'

const folder = new URL('../builtin/', import.meta.url)

let read: RuleSet | undefined

function files(): RuleFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .toSorted()
    .map((name) => ({
      file: `builtin/${name}`,
      text: readFileSync(new URL(name, folder), 'utf8'),
    }))
}

/** The rules that always hold. Read once. */
export function builtinRules(): RuleSet {
  read ??= readRules(files())
  return read
}

/**
 * The same, for a process that must not be held up: each file takes some tens of milliseconds, and between two
 * the event loop has its turn.
 */
export async function loadBuiltinRules(): Promise<RuleSet> {
  let set = readRules([])
  for (const file of read === undefined ? files() : []) {
    set = readRules([file], set)
    await setImmediate()
  }
  read ??= set
  return read
}
