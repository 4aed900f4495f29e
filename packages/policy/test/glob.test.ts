import { expect, test } from 'vitest'
import { glob, globFor } from '../src/glob.ts'

test.each([
  ['/usr/bin/git', '/usr/bin/git', true],
  ['/usr/bin/git', '/usr/bin/gi', false],
  ['/usr/bin/git', '**/git', true],
  ['/usr/bin/git', '/usr/*/git', true],
  ['/usr/local/bin/git', '/usr/*/git', false],
  ['/usr/local/bin/git', '/usr/**/git', true],
  ['/w/.github/workflows/ci.yml', '**/.github/workflows/*.yml', true],
  ['/w/.github/workflows/a/ci.yml', '**/.github/workflows/*.yml', false],
  ['aba', 'a*a', true],
  ['a', 'a**a', false],
  ['a.b', 'a?b', false],
  ['', '**', true],
  ['--env=x', '**env**', true],
  ['--en=x', '**env**', false],
  ['ab', '*b*', true],
  ['a/b', '*b*', false],
  ['abab', 'ab**ab', true],
  ['ab', 'ab*ab', false],
  ['aXbYc', 'a**b**c', true],
  ['a/XbYc', 'a*b*c', false],
  ['/w/site-packages/x.pth', '**/site-packages/*.pth', true],
  ['/w/site-packages/a/x.pth', '**/site-packages/*.pth', false],
  ['(a+)+$', '(a+)+$', true],
  ['/w/*', String.raw`/w/\*`, true],
  ['/w/a', String.raw`/w/\*`, false],
  [String.raw`/w/\a`, String.raw`/w/\*`, false],
  [String.raw`/w/\a`, String.raw`/w/\\*`, true],
  [String.raw`/w/\a`, String.raw`/w/\a`, true],
  ['/w/a*b', String.raw`/w/*\*b`, true],
  ['/w/aab', String.raw`/w/*\*b`, false],
  ['x/*/y', String.raw`**\*/**`, true],
  ['x/a/y', String.raw`**\*/**`, false],
  ['a**', String.raw`a\***`, true],
  ['ab', String.raw`a\***`, false],
])('glob(%j, %j) is %s', (text, pattern, matches) => {
  expect(glob(text, pattern)).toBe(matches)
})

test('the pattern for a text is for no other', () => {
  const texts = [
    '/w/**',
    '/w/*',
    '/w/a',
    '/w/',
    '/',
    '*',
    '\\',
    '\\\\',
    '\\*',
    '/w/\\*',
    '/w/?[a]',
    '😀*',
  ]
  for (const text of texts) expect(texts.filter((one) => glob(one, globFor(text)))).toEqual([text])
})

test('a pattern that makes backtracking matchers give up takes steps in proportion', () => {
  expect(glob('a'.repeat(20_000), `${'*a'.repeat(50)}b`)).toBe(false)
})
