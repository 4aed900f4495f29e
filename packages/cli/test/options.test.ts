import { describe, expect, test } from 'vitest'
import {
  UsageError,
  describeOptions,
  nearest,
  parseOptions,
  type OptionTable,
} from '../src/options.ts'
import { runOptions } from '../src/run-options.ts'

const table = {
  egress: { type: 'choice', choices: ['audit', 'block'], help: 'the mode' },
  allow: { type: 'list', value: 'ENDPOINT', help: 'allowed' },
  out: { type: 'text', value: 'DIR', default: 'here', help: 'the folder' },
  quiet: { type: 'flag', help: 'say less' },
} as const satisfies OptionTable

describe('a command line', () => {
  test('is read up to the first word that is no option', () => {
    const { options, rest } = parseOptions(table, [
      '--egress',
      'block',
      '--quiet',
      'make',
      '--out',
      'x',
    ])
    expect(options).toEqual({ egress: 'block', allow: [], out: 'here', quiet: true })
    expect(rest).toEqual(['make', '--out', 'x'])
  })

  test('is read up to --, which is left out', () => {
    expect(parseOptions(table, ['--', '--quiet']).rest).toEqual(['--quiet'])
  })

  test('takes a value once: of two the first would be forgotten without a word', () => {
    expect(() => parseOptions(table, ['--out', 'a', '--out', 'b'])).toThrow(
      new UsageError('--out was given already; it takes one value'),
    )
    expect(parseOptions(table, ['--quiet', '--quiet']).options.quiet).toBe(true)
  })

  test('takes values after = and lists again and again', () => {
    const { options } = parseOptions(table, [
      '--allow=a b',
      '--allow',
      'c',
      '--out=d=e',
      '--allow=',
    ])
    expect(options.allow).toEqual(['a b', 'c', ''])
    expect(options.out).toBe('d=e')
  })

  test.each([
    [['--egres', 'block'], "there is no option '--egres'; did you mean --egress?"],
    [['-x'], "there is no option '-x'"],
    [['--egress', 'blok'], "--egress 'blok': it is one of audit, block; did you mean block?"],
    [['--out'], '--out needs a value: --out DIR'],
    [['--out='], '--out needs a value: --out DIR'],
    [['--out', ''], '--out needs a value: --out DIR'],
    [['--quiet=yes'], '--quiet takes no value'],
  ])('%j is a mistake that is explained', (words, message) => {
    expect(() => parseOptions(table, words)).toThrow(new UsageError(message))
  })
})

test('the nearest word is one that a person may have meant, or none', () => {
  expect(nearest('polcy', ['run', 'policy', 'doctor'])).toBe('policy')
  expect(nearest('zebra', ['run', 'policy', 'doctor'])).toBeUndefined()
})

test('--help names every option of run with its values', () => {
  const text = describeOptions(runOptions)
  for (const name of Object.keys(runOptions)) expect(text).toContain(`--${name}`)
  expect(text).toContain('--egress audit|block')
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(96)
})
