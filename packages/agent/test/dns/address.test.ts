import { expect, test } from 'vitest'
import {
  formatAddress,
  fromReverseName,
  parseAddress,
  specialRange,
} from '../../src/dns/address.ts'

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

test.each([
  ['10.1.2.3', 'a private'],
  ['172.31.255.255', 'a private'],
  ['172.32.0.0', null],
  ['192.168.0.1', 'a private'],
  ['127.0.0.53', 'a loopback'],
  ['169.254.169.254', 'a metadata service'],
  ['169.254.170.2', 'a metadata service'],
  ['169.254.1.1', 'a link-local'],
  ['100.100.100.200', 'a metadata service'],
  ['100.127.255.255', 'a carrier-grade NAT'],
  ['100.128.0.0', null],
  ['0.1.2.3', 'an unspecified'],
  ['224.0.0.251', 'a multicast'],
  ['240.0.0.1', 'a reserved'],
  ['192.0.0.192', 'a special-purpose'],
  ['192.88.99.1', 'a 6to4 relay'],
  ['198.19.0.1', 'a benchmarking'],
  ['168.63.129.16', 'a platform service'],
  ['100.64.0.1', 'a carrier-grade NAT'],
  ['0.0.0.0', 'an unspecified'],
  ['255.255.255.255', 'a reserved'],
  ['192.0.2.1', null],
  ['8.8.8.8', null],
  ['::1', 'a loopback'],
  ['::', 'an unspecified'],
  ['fd00:ec2::254', 'a metadata service'],
  ['fd20:ce::254', 'a private'],
  ['fc00::1', 'a private'],
  ['fec0::1', 'a site-local'],
  ['ff02::fb', 'a multicast'],
  ['100::1', 'a discarded'],
  ['fe80::1', 'a link-local'],
  ['::ffff:10.0.0.1', 'a private'],
  ['64:ff9b::a9fe:a9fe', 'a metadata service'],
  ['64:ff9b::a00:1', 'a private'],
  ['64:ff9b:1::8.8.8.8', 'a local NAT64'],
  ['64:ff9b:1:a9fe:a9:fe00::', 'a local NAT64'],
  ['64:ff9b:2::1', null],
  ['2001:0:7f00:1::', 'a Teredo'],
  ['::ffff:0:10.0.0.1', 'a private'],
  ['::ffff:0:8.8.8.8', null],
  ['2002:808:808::1', null],
  ['64:ff9b::8.8.8.8', null],
  ['2002:7f00:1::', 'a loopback'],
  ['::7f00:1', 'a loopback'],
  ['2001:db8::1', null],
])('%s is %s address', (text, expected) => {
  expect(specialRange(parseAddress(text)!)).toBe(expected)
})
