import { expect, test } from 'vitest'
import { MalformedMessage, readName, writeName } from '../../src/dns/name.ts'

/** A message: twelve bytes of header, then what is given. */
function after(...parts: (Buffer | number[])[]): Buffer {
  return Buffer.concat([Buffer.alloc(12), ...parts.map((part) => Buffer.from(part))])
}

test.each([
  ['a plain name', writeName('www.example.com'), 'www.example.com', true],
  ['the root', writeName(''), '', true],
  ['capitals', writeName('WwW.ExAmPlE.cOm'), 'www.example.com', true],
  ['underscores and hyphens', writeName('_dns.a-b.example'), '_dns.a-b.example', true],
  [
    'a dot within a label',
    Buffer.from('\x05evil.\x03com\0', 'latin1'),
    String.raw`evil\..com`,
    false,
  ],
  ['a zero byte', Buffer.from('\x05a\0b-c\x03com\0', 'latin1'), String.raw`a\000b-c.com`, false],
  ['a backslash', Buffer.from('\x02a\\\0', 'latin1'), String.raw`a\\`, false],
  ['bytes above ASCII', Buffer.from('\x02\xc3\xa9\0', 'latin1'), String.raw`\195\169`, false],
  ['a blank', Buffer.from('\x03a b\0', 'latin1'), String.raw`a\032b`, false],
  ['a star', writeName('*.example.com'), '*.example.com', false],
])('%s is read as text that no other name has', (_what, wire, text, plain) => {
  expect(readName(after(wire), 12)).toEqual({ text, plain, end: 12 + wire.length })
})

test('a pointer to earlier in the message is followed, and the name ends after it', () => {
  const message = after(writeName('example.com'), [3, 0x77, 0x77, 0x77, 0xc0, 12])
  expect(readName(message, 25)).toEqual({ text: 'www.example.com', plain: true, end: 31 })
})

const long = Buffer.concat([
  ...Array.from({ length: 4 }, () => Buffer.from([63, ...Buffer.alloc(63, 0x61)])),
  Buffer.from([0]),
])

test.each([
  ['a pointer to itself', after([0xc0, 12]), 12],
  ['two pointers to each other', after([0xc0, 14, 0xc0, 12]), 14],
  ['a pointer forward', after([0xc0, 20, 0, 0, 0, 0, 0, 0, 0, 0]), 12],
  ['a pointer into the header', after([1, 0x61, 0xc0, 0]), 12],
  ['a label that leads back to its own start', after([1, 0x61, 0xc0, 12]), 12],
  ['a pointer that is cut off', after([0xc0]), 12],
  ['a label past the end', after([5, 0x61]), 12],
  ['no end', after([1, 0x61]), 12],
  ['a label of kind 01', after([0x41, 0]), 12],
  ['a label of kind 10', after([0x80, 0]), 12],
  ['more than 255 bytes', after(long), 12],
])('%s is refused', (_what, message, at) => {
  expect(() => readName(message, at)).toThrow(MalformedMessage)
})

test('a name of exactly 255 bytes is read', () => {
  const wire = Buffer.concat([
    long.subarray(0, 192),
    Buffer.from([61, ...Buffer.alloc(61, 0x62)]),
    Buffer.from([0]),
  ])
  expect(wire).toHaveLength(255)
  expect(readName(after(wire), 12).end).toBe(267)
})
