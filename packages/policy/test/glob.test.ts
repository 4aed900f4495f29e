import { expect, test } from 'vitest'
import { glob } from '../src/glob.ts'

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
])('glob(%j, %j) is %s', (text, pattern, matches) => {
  expect(glob(text, pattern)).toBe(matches)
})

test('a pattern that makes backtracking matchers give up takes steps in proportion', () => {
  expect(glob('a'.repeat(20_000), `${'*a'.repeat(50)}b`)).toBe(false)
})
