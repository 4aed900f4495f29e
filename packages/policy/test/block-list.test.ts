import { describe, expect, test } from 'vitest'
import { parseBlockList, PolicyError } from '../src/index.ts'
import { messageOf } from './random.ts'

test('a block list is read in canonical form', () => {
  const text = `\ufeff{"version": 1, "updated": "2026-08-01", "description": "known-bad",
    "domains": [{"value": "Evil.Example.", "reason": "campaign A"}],
    "wildcards": [{"value": "*.evil.example", "reason": "campaign A"}],
    "addresses": [{"value": "203.0.113.9", "reason": "campaign B"}, {"value": "2001:DB8::/32", "reason": "campaign C"}]}`
  const list = parseBlockList(text, 'block.json')
  expect({
    ...list,
    addresses: list.addresses.map(({ value, reason }) => ({ value, reason })),
  }).toEqual({
    file: 'block.json',
    domains: [{ value: 'evil.example', reason: 'campaign A' }],
    wildcards: [{ value: '*.evil.example', reason: 'campaign A' }],
    addresses: [
      { value: '203.0.113.9', reason: 'campaign B' },
      { value: '2001:db8::/32', reason: 'campaign C' },
    ],
  })
})

test('an entry may say where one reads more, since when it is listed, and until when', () => {
  const entry = {
    value: 'evil.example',
    reason: 'campaign A',
    reference: 'https://example.org/a',
    added: '2026-08-01',
    expires: '2026-09-01T12:00:00Z',
  }
  expect(parseBlockList(JSON.stringify({ domains: [entry] }), 'f').domains).toEqual([entry])
  const wrong = { ...entry, reference: ' ', added: '2026-13-01', expires: 5 }
  expect(refusal(JSON.stringify({ domains: [wrong] })).split('\n')).toMatchInlineSnapshot(`
    [
      "block.json:1:71: is a text that is not empty",
      "block.json:1:83: "2026-13-01": is a day or a time, as 2026-08-01 or 2026-08-01T12:00:00Z",
      "block.json:1:106: "5": is a text that is not empty",
    ]
  `)
})

const refusal = (text: string) => messageOf(() => parseBlockList(text, 'block.json'), PolicyError)

test('one invalid entry refuses the whole list, and all of them are told', () => {
  const text = `{
  "domains": [
    {"value": "good.example", "reason": "x"},
    {"value": "evil example", "reason": "x"},
    {"value": "https://evil.example/", "reason": "x"},
    {"value": "*.evil.example", "reason": " "},
    {"valu": "evil.example", "reason": "x"},
    "evil.example",
    {"value": "192.0.2.1", "reason": "x"}
  ],
  "wildcards": [{"value": "evil.example", "reason": "x"}],
  "adresses": [],
  "addresses": [{"value": "10.0.0.1/8", "reason": "x"}, {"value": "[2001:db8::1]", "reason": "x"}, {"value": "evil", "reason": 1}]
}`
  expect(refusal(text).split('\n')).toMatchInlineSnapshot(`
    [
      "block.json:4:15: "evil example": a host name has no blanks or control characters",
      "block.json:5:15: "https://evil.example/": a host name has no ":"; did you mean evil.example?",
      "block.json:6:15: "*.evil.example": is a wildcard: it belongs in "wildcards"",
      "block.json:6:43: an entry needs a reason: a text that is not empty",
      "block.json:7:5: "{\\"valu\\": \\"evil.example\\", \\"reason\\": \\"x\\"}": an entry needs a value: a text",
      "block.json:7:6: "valu": is no key here: value, reason, reference, added, expires are; did you mean value?",
      "block.json:8:5: "evil.example": an entry is an object {"value": …, "reason": …}",
      "block.json:9:15: "192.0.2.1": is an address: it belongs in "addresses"",
      "block.json:11:27: "evil.example": has no wildcard: it belongs in "domains"; did you mean *.evil.example?",
      "block.json:12:3: "adresses": is no key here: domains, wildcards, addresses, version, updated, description are; did you mean addresses?",
      "block.json:13:27: "10.0.0.1/8": the address has bits set after its prefix length; did you mean 10.0.0.0/8?",
      "block.json:13:67: "[2001:db8::1]": is no IPv6 address; did you mean 2001:db8::1?",
      "block.json:13:110: "evil": is no IPv4 address: four decimal numbers from 0 to 255, without leading zeros",
      "block.json:13:128: "1": an entry needs a reason: a text that is not empty",
    ]
  `)
})

describe('a text that is no block list', () => {
  test.each([
    ['', '1:1: is no valid JSON here'],
    ['{"domains": [}', '1:14: "}": is no valid JSON here'],
    ['{"domains": [{"value": "a.example", "reason": "r"},]}', '1:52: "]": is no valid JSON here'],
    ['{"domains": ["\n"]}', '1:15: is no valid JSON here'],
    [String.raw`{"domains": ["\q"]}`, String.raw`1:14: "\"": is no valid JSON here`],
    ['{"domains": []} x', '1:17: "x": is no valid JSON here'],
    ['{"domains": []', '1:15: is no valid JSON here'],
    ['[]', '1:1: "[]": a block list is a JSON object with domains, wildcards and addresses'],
    ['{}', '1:1: "{}": has none of domains, wildcards and addresses'],
    ['{"domains": "x"}', '1:13: "x": is a list of {"value": …, "reason": …}'],
    ['{"domains": [], "domains": []}', '1:17: "domains": stands here more than once: keep one'],
    ['{"domains": [], "version": 2}', '1:28: "2": only version 1 is known; did you mean 1?'],
  ])('%j', (text, message) => {
    expect(refusal(text)).toBe(`block.json:${message}`)
  })

  test('nested beyond reason', () => {
    expect(refusal('['.repeat(300_000))).toMatch(/^block\.json:1:\d+: "\[": is no valid JSON here$/)
  })
})
