import { expect, test } from 'vitest'
import { parsePolicy } from '../src/document.ts'
import {
  compile,
  formatEndpoint,
  parseAllowedEndpoints,
  parseBlockList,
  parseEndpoint,
  PolicyError,
} from '../src/index.ts'
import { random } from './random.ts'

/** The value, or null when it is refused; anything else that is thrown fails the test. */
function accepted<T>(act: () => T): T | null {
  try {
    return act()
  } catch (error) {
    if (error instanceof PolicyError) {
      expect(error.problems.length).toBeGreaterThan(0)
      for (const { line, column } of error.problems) {
        expect(line).toBeGreaterThan(0)
        expect(column).toBeGreaterThan(0)
      }
      // oxlint-disable-next-line no-control-regex -- what must not be there
      expect(error.message).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
      return null
    }
    throw error
  }
}

const bits = [
  'example',
  'org',
  '.',
  '..',
  ':',
  '443',
  '-',
  '*',
  '**',
  '/',
  '//',
  '[',
  ']',
  '::',
  'udp',
  'tcp://',
  'https://',
  '@',
  '192.0.2.1',
  '2001:db8::1',
  '24',
  '%',
  '#',
  '?',
  ',',
  ' ',
  '\u202e',
  'ü',
  '\u0000',
  '_',
  '"',
  "'",
  '65536',
  '0',
  '\\',
]
const yamlBits = [
  ...bits,
  '\n',
  '\n  ',
  '\n  - ',
  '- ',
  ': ',
  '{',
  '}',
  '|',
  '>',
  '&a',
  '*a',
  '!',
  '!!str',
  '---',
  '\t',
  '# ',
  'version',
  'egress: block',
  'allow:',
  'endpoint',
  'steps',
  'names',
  'https',
  'methods',
  'presets: ',
  'lockdown',
  'true',
  'null',
  '~',
  '? ',
  '<<',
  '\r',
]

test('any text is an endpoint or a PolicyError, and a nearest form is always valid (20,000 texts)', () => {
  const { many, pick } = random(1)
  let valid = 0
  for (let i = 0; i < 20_000; i++) {
    const text = many(0, 7, () => pick(bits)).join('')
    const endpoint = accepted(() => parseEndpoint(text))
    if (endpoint === null) {
      try {
        parseEndpoint(text)
      } catch (error) {
        if (error instanceof PolicyError && error.nearest !== null)
          expect(formatEndpoint(parseEndpoint(error.nearest)), text).toBe(error.nearest)
      }
      continue
    }
    valid++
    const canonical = formatEndpoint(endpoint)
    expect(formatEndpoint(parseEndpoint(canonical)), text).toBe(canonical)
  }
  expect(valid).toBeGreaterThan(200)
})

test('any text is a policy or a PolicyError (5,000 texts)', () => {
  const { many, pick, below } = random(2)
  const start =
    'version: 1\nallow:\n  - github.com\n  - "*.docker.io:443"\n  - endpoint: x.example\n    steps: [a]\n'
  let valid = 0
  for (let i = 0; i < 5000; i++) {
    const noise = many(0, 8, () => pick(yamlBits)).join('')
    const at = below(start.length)
    const text = pick([noise, start + noise, start.slice(0, at) + noise + start.slice(at)])
    const policy = accepted(() => parsePolicy(text, 'policy.yml'))
    if (policy === null) continue
    valid++
    compile(policy)
  }
  expect(valid).toBeGreaterThan(50)
})

test('any text is a block list or a PolicyError (5,000 texts)', () => {
  const { many, pick, below } = random(3)
  const start =
    '{"domains": [{"value": "evil.example", "reason": "x"}], "addresses": [{"value": "192.0.2.1", "reason": "y"}]}'
  const jsonBits = [
    ...bits,
    '{',
    '}',
    '"',
    ',',
    ':',
    'null',
    '1e9',
    '\\u0041',
    '"value"',
    '"reason": "x"',
    '\n',
    'true',
  ]
  let valid = 0
  for (let i = 0; i < 5000; i++) {
    const noise = many(0, 4, () => pick(jsonBits)).join('')
    const at = below(start.length)
    if (accepted(() => parseBlockList(start.slice(0, at) + noise + start.slice(at), 'b')) !== null)
      valid++
  }
  expect(valid).toBeGreaterThan(50)
})

test('long texts made to be slow are answered', () => {
  const length = 1 << 16
  const fill = (text: string) => text.repeat(Math.floor(length / text.length))
  for (const part of [
    '[',
    '{',
    '{a: ',
    '- ',
    '? ',
    ': ',
    '"',
    "'",
    '*',
    '*a ',
    '&a ',
    '!',
    '#',
    ' ',
    '\t',
    '\n',
    '\n- ',
    'a',
    'a: ',
    'a.',
    '- *a\n',
    '- [\n',
    'a: 1\n',
    '[a, ',
    '- "x\n',
    '| ',
    '\r',
  ]) {
    for (const head of ['', 'allow:\n  - ', 'allow: [']) {
      const text = head + fill(part)
      accepted(() => parsePolicy(text, 'policy.yml'))
    }
    accepted(() => parseAllowedEndpoints(fill(part), 'allow'))
    accepted(() => parseEndpoint(fill(part)))
    accepted(() => parseBlockList(fill(part), 'b'))
    accepted(() => parseBlockList(`{"domains": ["${fill(part)}`, 'b'))
  }
})

test('a hundred thousand endpoints compile, and repeated keys do not cost their square', () => {
  const list = Array.from(
    { length: 100_000 },
    (_, i) => `h${i}.example.org 10.${(i >> 8) & 255}.${i & 255}.1`,
  ).join('\n')
  expect(parseAllowedEndpoints(list, 'allow')).toHaveLength(200_000)
  const keys = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n')
  expect(accepted(() => parsePolicy(keys, 'policy.yml'))).toBeNull()
})
