import type { RuleSet } from '@runwarden/rules'
import { readNamedFile } from './run-files.ts'

/**
 * The built-in rules and those of the files; undefined, and nothing is loaded, when there is no file.
 * @throws PolicyError with file, line and column; AgentError for a file that can't be read
 */
export async function readRuleFiles(files: readonly string[]): Promise<RuleSet | undefined> {
  if (files.length === 0) return undefined
  const { loadBuiltinRules } = await import('@runwarden/rules')
  const { readRules } = await import('@runwarden/rules/files')
  return readRules(
    files.map((file) => ({ file, text: readNamedFile(file, 'rules') })),
    await loadBuiltinRules(),
  )
}
