import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { inputDefaults, readInputs } from '../src/inputs.ts'

const root = join(import.meta.dirname, '../../..')

const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { description: string; default?: unknown; required?: boolean }>
  outputs: Record<string, { description: string }>
  runs: Record<string, string>
}

/** Rows of the table below a heading of docs/action.md, their cells without the first row. */
function rowsOf(heading: string): string[][] {
  const text = readFileSync(join(root, 'docs/action.md'), 'utf8')
  const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? ''
  return [...section.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
}

describe('action.yml', () => {
  test('has the inputs that are read, in the same order, and each with the same default', () => {
    const defaults = Object.entries(action.inputs).map(([name, input]) => [name, input.default])
    expect(defaults).toEqual(Object.entries(inputDefaults))
  })

  test('has every input of Harden-Runner', () => {
    expect(Object.keys(action.inputs)).toEqual(
      expect.arrayContaining([
        'allowed-endpoints',
        'api-key',
        'deploy-on-self-hosted-vm',
        'disable-file-monitoring',
        'disable-sudo',
        'disable-sudo-and-containers',
        'disable-telemetry',
        'egress-policy',
        'policy',
        'token',
        'use-policy-store',
      ]),
    )
  })

  test('needs no input, and describes each', () => {
    for (const { required, description } of Object.values(action.inputs)) {
      expect(required).toBeUndefined()
      expect(description).toMatch(/^\S.*\.$/)
    }
  })

  test('is read the same without the defaults that the runner passes', () => {
    const passed = Object.entries(action.inputs).map(([name, input]) => [
      `INPUT_${name.toUpperCase()}`,
      name === 'token' ? '' : String(input.default),
    ])
    expect(readInputs(Object.fromEntries(passed) as NodeJS.ProcessEnv)).toEqual(readInputs({}))
  })

  test('runs three stages on node24, post whatever became of the job', () => {
    expect(action.runs).toEqual({
      using: 'node24',
      pre: 'dist/action/pre.js',
      main: 'dist/action/main.js',
      post: 'dist/action/post.js',
      'post-if': 'always()',
    })
  })
})

describe('docs/action.md', () => {
  test('has the inputs of action.yml, in the same order, and their defaults', () => {
    const rows = rowsOf('Inputs')
    expect(rows.map(([name]) => name)).toEqual(
      Object.keys(action.inputs).map((name) => `\`${name}\``),
    )
    for (const [name = '', documented = ''] of rows) {
      const value = action.inputs[name.replaceAll('`', '')]?.default
      // What stands empty in action.yml has words for what that means.
      if (value === '') expect(documented).toMatch(/^none$|^not known$|policy document says/)
      else expect(documented).toBe(`\`${String(value)}\``)
    }
  })

  test('has the outputs of action.yml, in the same order', () => {
    expect(rowsOf('Outputs').map(([name]) => name)).toEqual(
      Object.keys(action.outputs).map((name) => `\`${name}\``),
    )
  })
})
