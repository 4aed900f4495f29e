import { expect, test } from 'vitest'
import { readAnyParts } from '../src/endpoint-parts.ts'
import { readPlainParts } from '../src/plain-endpoint.ts'
import { random } from './random.ts'

const pieces =
  `udp:// udp:// example a com 1 10 0 255 256 01 0x1f ${'x'.repeat(63)} X * ö . . . - _ : :443 :0 :065 :65535 :65536 :1-9 /8 @`
    .split(' ')
    .concat(' ')

test('an endpoint in plain characters means what it means when it is read with care (50,000 texts)', () => {
  let plain = 0
  const { below, pick } = random(71)
  for (let round = 0; round < 50_000; round++) {
    const text = Array.from({ length: 1 + below(9) }, () => pick(pieces)).join('')
    const parts = readPlainParts(text)
    if (parts === null) continue
    plain++
    expect(parts, text).toEqual(readAnyParts(text))
  }
  expect(plain).toBeGreaterThan(1000)
})

test.for([
  'registry.example.org',
  'a_b.example-1.org:8443',
  'localhost:80',
  '192.0.2.1',
  'udp://192.0.2.1:53',
  '10.0.0.1:65535',
])('%s is plain', (text) => {
  expect(readPlainParts(text)).toEqual(readAnyParts(text))
})

test.for([
  'Example.org',
  '*.example.org',
  'tcp://192.0.2.1',
  '10.0.0.0/8',
  'example.org.',
  '1.2.3.256',
  'a:443-444',
  '',
])('"%s" is read with care', (text) => {
  expect(readPlainParts(text)).toBeNull()
})
