import { readFileSync } from 'node:fs'
import { type PreparedRules, restoreRules } from './prepared.ts'
import type { RuleSet } from './rule.ts'

/** What scripts/bootstrap makes of the built-in rules, beside the built JavaScript. */
const prepared = new URL('../builtin.json', import.meta.url)

/**
 * The rules that always hold, without their tests. They come prepared with the built JavaScript; from the sources
 * they are read, which takes a fifth of a second.
 */
export async function loadBuiltinRules(): Promise<RuleSet> {
  let text
  try {
    text = readFileSync(prepared, 'utf8')
  } catch {
    const { readBuiltinRules } = await import('./read-builtin.ts')
    return readBuiltinRules()
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made by prepareRules()
  return restoreRules(JSON.parse(text) as PreparedRules)
}
