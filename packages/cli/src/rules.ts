import { plain } from '@runwarden/events/plain'
import type { RuleSet } from '@runwarden/rules'
import { codedDetections, readBuiltinRules, readRules, runTests } from '@runwarden/rules/files'
import { describeOptions, nearest, type OptionTable, parseOptions, UsageError } from './options.ts'
import { readNamedFile } from './run-files.ts'

const common = {
  json: { type: 'flag', help: 'print JSON' },
  help: { type: 'flag', help: 'show this' },
} as const satisfies OptionTable

const help = `Works on rules of detections without running anything.

Usage:
  runwarden rules check FILE …   are they valid?
  runwarden rules test [FILE …]  runs the tests in them; without a file those of the built-in rules
  runwarden rules list [FILE …]  all detections: those that are built in, and those of the files

Options:
${describeOptions(common)}

test ends with 1 when a test fails; 125 means that a file could not be read or is invalid.`

/** `runwarden rules` */
export function main(words: string[]): number {
  const [word = '--help', ...rest] = words
  if (word === '--help' || word === '-h' || rest.includes('--help') || rest.includes('-h')) {
    console.log(help)
    return words.length === 0 ? 2 : 0
  }
  const verbs: Record<string, (files: string[], json: boolean) => number> = { check, test, list }
  const verb = Object.hasOwn(verbs, word) ? verbs[word] : undefined
  if (verb === undefined) {
    const meant = nearest(word, Object.keys(verbs))
    throw new UsageError(
      `rules has no '${word}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
    )
  }
  const { options, rest: files } = parseOptions(common, rest)
  return verb(files, options.json)
}

function read(files: readonly string[]): RuleSet {
  return readRules(
    files.map((file) => ({ file, text: readNamedFile(file, 'rules') })),
    readBuiltinRules(),
  )
}

/** The rules that are not built in; without a file, those that are. */
function rulesOf(set: RuleSet, files: readonly string[]): RuleSet['rules'] {
  return files.length === 0 ? set.rules : set.rules.slice(readBuiltinRules().rules.length)
}

function check(files: string[], json: boolean): number {
  if (files.length === 0)
    throw new UsageError('rules check needs a file: runwarden rules check FILE')
  const set = read(files)
  const rules = rulesOf(set, files)
  const suppressions = set.suppressions.length
  const untested = rules.filter(({ tests }) => tests.length === 0).map(({ name }) => name)
  if (json) {
    const names = rules.map(({ name }) => name)
    console.log(JSON.stringify({ files, rules: names, suppressions, untested }, null, 2))
  } else {
    for (const name of untested) console.log(`${name} has no test`)
    console.log(
      `${files.join(', ')}: valid; ${counted(rules.length, 'rule')}, ${counted(suppressions, 'suppression')}; they are used beside the ${readBuiltinRules().rules.length} built-in rules`,
    )
  }
  return 0
}

function test(files: string[], json: boolean): number {
  const set = read(files)
  const results = runTests(set, rulesOf(set, files)).map(
    ({ rule, test: { name, finds, where }, found, failures }) => ({
      rule: rule.name,
      test: name,
      place: `${where.file}:${where.line}`,
      expected: finds,
      found,
      failures,
      passed: found === finds && failures.length === 0,
    }),
  )
  const failed = results.filter(({ passed }) => !passed)
  if (json) console.log(JSON.stringify(results, null, 2))
  else {
    for (const { place, rule, test: name, expected, found, failures } of failed) {
      console.log(`${place}: ${rule}: "${plain(name, 200)}" finds ${found}, not ${expected}`)
      for (const failure of failures) console.log(`  ${plain(failure, 400)}`)
    }
    console.log(`${counted(results.length, 'test')}, ${failed.length} of them failed`)
  }
  return failed.length > 0 ? 1 : 0
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function list(files: string[], json: boolean): number {
  const set = read(files)
  const rows = [
    ...set.rules.map((rule) => ({
      id: rule.id,
      rule: rule.name,
      severity: rule.severity,
      on: [...rule.when.keys()],
      falseAlarms: rule.falseAlarms,
      tests: rule.tests.length,
      place: `${rule.where.file}:${rule.where.line}`,
    })),
    ...codedDetections.map(({ id, severity, falseAlarms }) => ({
      id,
      severity,
      falseAlarms,
      rule: null,
      on: [],
      tests: 0,
      place: 'code',
    })),
  ].toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  if (json) {
    console.log(JSON.stringify(rows, null, 2))
    return 0
  }
  for (const { id, rule, severity, place } of rows)
    console.log(`${id.padEnd(26)} ${severity.padEnd(8)} ${(rule ?? '').padEnd(30)} ${place}`)
  return 0
}
