import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { parsePolicy } from '@runwarden/policy/document'
import { readWorkflow } from '../../lab/src/runner/workflow.ts'
import { inputDefaults, readInputs } from '../src/inputs.ts'

/** What the documentation has people copy, held against the programs that read it. */
const root = join(import.meta.dirname, '../../..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Snippet {
  page: string
  line: number
  text: string
}

/** Fenced blocks of a language, without the indentation of the list that they stand in. */
function snippets(page: string, language: string): Snippet[] {
  const found: Snippet[] = []
  const text = textOf(page)
  for (const block of text.matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)) {
    const [, indent = '', word, content = ''] = block
    const line = text.slice(0, block.index).split('\n').length
    const lines = content.split('\n').map((one) => one.replace(indent, ''))
    if (word === language) found.push({ page, line, text: lines.join('\n') })
  }
  return found
}

const pages = globSync(['README.md', 'docs/*.md'], { cwd: root }).toSorted()
const yaml = pages.flatMap((page) => snippets(page, 'yaml'))
const named = (all: Snippet[]): [string, Snippet][] =>
  all.map((one) => [`${one.page}:${one.line}`, one])

/** Other systems have files of their own; what has neither jobs nor steps of GitHub's is no workflow. */
const workflows = yaml.filter(
  ({ page, text }) => page !== 'docs/other-ci.md' && /^( *- (uses|run):|jobs:)/m.test(text),
)
const policies = yaml.filter(
  ({ text }) => /^(allow|presets|egress):/m.test(text) && !/^(jobs|scopes|rules):/m.test(text),
)

/** A workflow that GitHub would take, of whatever part of one stands in the snippet. */
function completed(text: string): string {
  if (/^on:/m.test(text)) return text
  if (/^jobs:/m.test(text)) return `on: push\n${text}`
  const deepest = Math.min(
    ...Array.from(text.matchAll(/^( *)\S/gm), ([, blanks = '']) => blanks.length),
  )
  const steps = text
    .replace(/^ *steps:\n/, '')
    .split('\n')
    .map((line) => `      ${line.slice(deepest)}`)
  return `on: push\njobs:\n  job:\n    runs-on: ubuntu-24.04\n    steps:\n${steps.join('\n')}`
}

/** The inputs that steps of a workflow give our action. */
function inputsIn(workflow: unknown): Record<string, unknown>[] {
  const { jobs = {} } = workflow as { jobs?: Record<string, { steps?: unknown[] }> }
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
  return (steps as { uses?: string; with?: Record<string, unknown> }[])
    .filter(({ uses }) => /\/runwarden@/.test(uses ?? ''))
    .map((step) => step.with ?? {})
}

const scratch = mkdtempSync(join(tmpdir(), 'docs-'))
afterAll(() => rmSync(scratch, { recursive: true }))

test('there are snippets of each kind', () => {
  expect(workflows.length).toBeGreaterThan(6)
  expect(policies.length).toBeGreaterThan(3)
  expect(yaml.length).toBeGreaterThan(workflows.length + policies.length)
})

test.each(named(yaml))('%s is YAML', (_, { text }) => {
  expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([])
})

test.each(named(policies))('%s is a policy, or a part of one', (_, { text }) => {
  expect(() => parsePolicy(text, 'policy.yml')).not.toThrow()
})

describe.each(named(workflows))('%s', (_, { text }) => {
  const workflow = completed(text)

  test('is a workflow to GitHub’s own parser', async () => {
    const path = join(scratch, 'workflow.yml')
    writeFileSync(path, workflow)
    expect((await readWorkflow(path)).jobs.length).toBeGreaterThan(0)
  })

  test('gives the action inputs that it takes, without a warning', () => {
    for (const inputs of inputsIn(parse(workflow))) {
      const env = Object.entries(inputs).map(([name, value]) => [
        `INPUT_${name.toUpperCase()}`,
        // What an expression becomes is not known here.
        String(value).replaceAll(/\$\{\{.*?\}\}/g, 'x'),
      ])
      expect(readInputs(Object.fromEntries(env) as NodeJS.ProcessEnv).warnings).toEqual([])
      expect(Object.keys(inputDefaults)).toEqual(expect.arrayContaining(Object.keys(inputs)))
    }
  })
})

test('an input that there is not, or a value that it does not take, is found', () => {
  const snippet = '    - uses: OWNER/runwarden@v1\n      with:\n        egress-polcy: audit\n'
  const [inputs] = inputsIn(parse(completed(snippet)))
  expect(inputs).toEqual({ 'egress-polcy': 'audit' })
  expect(readInputs({ 'INPUT_EGRESS-POLCY': 'audit' }).warnings).toHaveLength(1)
})

describe('docs/troubleshooting.md', () => {
  const sources = globSync('packages/{action,agent,cli,report,policy}/src/**/*.ts', { cwd: root })
    .map(textOf)
    .join('\n')
    // As it is printed, not as it is written.
    .replaceAll(String.raw`\'`, "'")
  const messages = snippets('docs/troubleshooting.md', 'text').flatMap(({ text }) =>
    text.split('\n').filter((line) => line !== ''),
  )

  test.each(messages)('quotes what is printed: %s', (message) => {
    const said = message.replace(/^[a-z-]+(:…:…)?: "[^"]*": /, '')
    const parts = said.split('…').map((part) => part.trim())
    const long = parts.filter((part) => part.length > 3)
    expect(long.filter((part) => !sources.includes(part))).toEqual([])
    expect(long.join('').length).toBeGreaterThan(6)
  })
})
