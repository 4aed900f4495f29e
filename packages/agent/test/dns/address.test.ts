import { expect, test } from 'vitest'
import { formatAddress, fromReverseName, parseAddress } from '../../src/dns/address.ts'

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8::', '2001:db8::'],
  ['::', '::'],
  ['::1', '::1'],
  ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
])('%s is written %s', (text, expected) => {
  const address = parseAddress(text)
  expect(address && formatAddress(address)).toBe(expected)
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  '::g',
  'fe80::1%eth0',
  '1.2.3.4:53',
  'example.com',
])('%o is no address', (text) => {
  expect(parseAddress(text)).toBeNull()
})

test.each([
  ['4.3.2.1.in-addr.arpa', '1.2.3.4'],
  [`${'1.' + '0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`, '2001:db8::1'],
  ['3.2.1.in-addr.arpa', null],
  ['04.3.2.1.in-addr.arpa', null],
  ['256.3.2.1.in-addr.arpa', null],
  ['secret.4.3.2.1.in-addr.arpa', null],
  ['x.3.2.1.in-addr.arpa', null],
  [`${'0.'.repeat(31)}ip6.arpa`, null],
  [`${'00.'.repeat(32)}ip6.arpa`, null],
  ['in-addr.arpa', null],
  ['www.example.com', null],
])('%s is the reverse name of %s', (name, expected) => {
  const address = fromReverseName(name)
  expect(address && formatAddress(address)).toBe(expected)
})
