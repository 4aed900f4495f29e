import { describe, expect, test } from 'vitest'
import { addName, emptyNameIndex, lookUpName } from '../src/name-index.ts'
import { canonicalName, matchPattern } from '../src/host-name.ts'
import { compile, matchName, parseEndpoint, policyOf } from '../src/index.ts'
import { random } from './random.ts'

const grants = (pattern: string, name: string) =>
  matchName(compile(policyOf([parseEndpoint(pattern)])), name).grants.length > 0

describe('a name fits', () => {
  test.each([
    ['github.com', 'github.com'],
    ['github.com', 'GitHub.COM'],
    ['github.com', 'github.com.'],
    ['GitHub.com.', 'github.com'],
    ['münchen.example', 'XN--MNCHEN-3YA.example'],
    ['*.docker.io', 'auth.docker.io'],
    ['*.docker.io', 'a.b.c.docker.io'],
    ['cdn-*.example.org', 'cdn-7.example.org'],
    ['cdn-*.example.org', 'cdn-.example.org'],
    ['*7.example.org', 'cdn-7.example.org'],
    ['a*b*c.example.org', 'aXbXbXc.example.org'],
    ['a.*.example.org', 'a.b.example.org'],
    ['*.eu-*.example.org', 'x.y.eu-1.example.org'],
    ['_sip._tcp.example.org', '_sip._tcp.example.org'],
  ])('%s: %s', (pattern, name) => {
    expect(grants(pattern, name)).toBe(true)
  })
})

describe('a name does not fit', () => {
  test.each([
    ['github.com', 'evilgithub.com'],
    ['github.com', 'github.com.evil.test'],
    ['github.com', 'www.github.com'],
    ['github.com', 'github.co'],
    ['github.com', 'github.com..'],
    ['github.com', '.github.com'],
    ['github.com', 'github\u0000.com'],
    ['github.com', 'githu\u212a.com'],
    ['kernel.example', '\u212aernel.example'],
    ['github.com', ' github.com'],
    ['github.com', ''],
    ['github.com', '.'],
    ['*.docker.io', 'docker.io'],
    ['*.docker.io', '.docker.io'],
    ['*.docker.io', 'evildocker.io'],
    ['*.docker.io', 'a..docker.io'],
    ['*.docker.io', 'a.docker.io.evil.test'],
    ['cdn-*.example.org', 'cdn-7.evil.example.org'],
    ['cdn-*.example.org', 'x.cdn-7.example.org'],
    ['a.*.example.org', 'a.b.c.example.org'],
    ['a.*.example.org', 'a..example.org'],
    ['*.eu-*.example.org', 'eu-1.example.org'],
    ['a*b*c.example.org', 'aXbX.example.org'],
  ])('%s: %j', (pattern, name) => {
    expect(grants(pattern, name)).toBe(false)
  })
})

test('all grants of a name come back, in the order of the policy', () => {
  const texts = [
    '*.example.org:1',
    'a.b.example.org:2',
    '*.b.example.org:3',
    'a.*.example.org:4',
    'x.example.org:5',
  ]
  const compiled = compile(policyOf(texts.map((text) => parseEndpoint(text))))
  expect(matchName(compiled, 'A.b.example.org').grants.map((grant) => grant.portFrom)).toEqual([
    1, 2, 3, 4,
  ])
})

test('the index finds what comparing with every pattern finds (3,000 random names)', () => {
  const { below, many, pick } = random(7)
  const label = () =>
    many(1, 3, () => pick(['a', 'b', 'ab', '7', '-x']))
      .join('')
      .replace(/^-|-$/g, 'z')
  const wild = () =>
    pick([
      label,
      label,
      () => `${label()}*`,
      () => `*${label()}`,
      () => `${label()}*${label()}`,
      () => '*',
    ])()
  const index = emptyNameIndex()
  const patterns = Array.from({ length: 400 }, () => {
    const labels = many(1, 3, () => (below(3) === 0 ? wild() : label()))
    return `${[...labels, pick(['org', 'net'])].join('.')}`
  })
  for (const [i, pattern] of patterns.entries()) addName(index, pattern, i)
  let found = 0
  for (let i = 0; i < 3000; i++) {
    const name = [...many(1, 4, label), pick(['org', 'net'])].join('.')
    const slow = patterns.flatMap((pattern, number) =>
      matchPattern(pattern, name) ? [number] : [],
    )
    expect(lookUpName(index, name), name).toEqual(slow)
    found += slow.length
  }
  expect(found).toBeGreaterThan(300)
})

test('a pattern of many stars is compared in bounded steps', () => {
  const pattern = `${'*a'.repeat(30)}.example.org`
  expect(matchPattern(pattern, `${'a'.repeat(62)}b.example.org`)).toBe(false)
  expect(matchPattern(pattern, `${'a'.repeat(63)}.example.org`)).toBe(true)
})

test('a name longer than any policy can name is no name', () => {
  expect(canonicalName(`${'a.'.repeat(5000)}org`)).toBeNull()
})

test('a compiled policy can be posted to another thread', () => {
  const compiled = compile(
    policyOf([
      parseEndpoint('*.example.org'),
      parseEndpoint('cdn*.example.net'),
      parseEndpoint('192.0.2.0/24'),
    ]),
  )
  const copy = structuredClone(compiled)
  expect(copy).toEqual(compiled)
  expect(matchName(copy, 'cdn1.example.net').grants).toHaveLength(1)
})
