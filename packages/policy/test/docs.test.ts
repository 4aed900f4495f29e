import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { policyKeys, parsePolicy } from '../src/document.ts'
import {
  compile,
  parseAllowedEndpoints,
  parseBlockList,
  parseEndpoint,
  presets,
} from '../src/index.ts'
import { messageOf } from './random.ts'
import { PolicyError } from '../src/error.ts'

const text = readFileSync(new URL('../../../docs/policy.md', import.meta.url), 'utf8')

const fenced = (language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(
    (match) => match[1] ?? '',
  )

const rows = (heading: string) => {
  const section = text.slice(text.indexOf(`## ${heading}\n`))
  const table = /\| --- .*\n((?:\|.*\n)+)/.exec(section)?.[1] ?? ''
  return table.trimEnd().split('\n')
}

test('every example of a policy is one', () => {
  const examples = fenced('yaml')
  expect(examples.length).toBeGreaterThan(0)
  for (const example of examples)
    expect(compile(parsePolicy(example, 'docs')).rules.length).toBeGreaterThan(0)
})

test('the examples of the one-line form and of the block list are read', () => {
  expect(
    fenced('endpoints').map((example) => parseAllowedEndpoints(example, 'docs').length),
  ).toEqual([4])
  expect(fenced('json').map((example) => parseBlockList(example, 'docs').addresses.length)).toEqual(
    [2],
  )
})

test('every key is described', () => {
  expect(rows('Keys').map((row) => /^\| `([^`]+)`/.exec(row)?.[1])).toEqual([...policyKeys])
})

test('the list of presets is the presets', () => {
  expect(rows('Presets')).toEqual(
    presets.map(
      ({ name, purpose, endpoints }) =>
        `| \`${name}\` | ${purpose} | ${endpoints.map(({ endpoint }) => `\`${endpoint}\``).join(' ')} |`,
    ),
  )
})

test('every endpoint of the table of hosts is one', () => {
  const examples = rows('Endpoints').flatMap((row) =>
    [...(row.split('|')[2] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
  )
  expect(examples).toHaveLength(7)
  for (const example of examples) expect(parseEndpoint(example).text).toBe(example)
})

test('the messages shown are the messages given', () => {
  const message = messageOf(
    () =>
      parsePolicy(
        'version: 1\negress: block\nallow:\n  - https://github.com/\n  - *.docker.io:443\n',
        'policy.yml',
      ),
    PolicyError,
  )
  expect(fenced('text')[0]?.trimEnd()).toBe(message)
})

test('presets have exact hosts and one port, and a wildcard only under a zone of the platform', () => {
  const endpoints = presets.flatMap((preset) =>
    preset.endpoints.map(({ endpoint }) => parseEndpoint(endpoint)),
  )
  for (const { host, portFrom, portTo } of endpoints) {
    expect(portFrom).toBe(portTo)
    if (host.kind === 'address') expect(host.prefix).toBe(128)
    if (host.kind === 'pattern') expect(host.pattern).toBe('*.actions.githubusercontent.com')
  }
})
