import { expect, test } from 'vitest'
import { dnsmasqLines } from '../src/dns/records.ts'

test('records become lines of a dnsmasq configuration', () => {
  const lines = dnsmasqLines({
    'a.example.com': ['198.51.100.1', '2001:db8::1', { type: 'A', value: '198.51.100.2', ttl: 1 }],
    '*.wild.example.com': ['198.51.100.3'],
    'b.example.org': [{ type: 'CNAME', value: 'a.example.com', ttl: 5 }],
    'c.example.org': [
      { type: 'TXT', value: 'hi' },
      { type: 'MX', value: '10 mail.example.org' },
      { type: 'SRV', value: '1 2 443 a.example.com' },
      { type: 'HTTPS', value: '1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.9 ipv6hint=2001:db8::9' },
    ],
    '1.100.51.198.in-addr.arpa': [{ type: 'PTR', value: 'a.example.com' }],
  })
  expect(`\n${lines.join('\n')}\n`).toBe(`
host-record=a.example.com,198.51.100.1,300
host-record=a.example.com,2001:db8::1,300
host-record=a.example.com,198.51.100.2,1
address=/wild.example.com/198.51.100.3
cname=b.example.org,a.example.com,5
dns-rr=c.example.org,16,026869
mx-host=c.example.org,mail.example.org,10
srv-host=c.example.org,a.example.com,443,1,2
dns-rr=c.example.org,65,000100000100060268320268330003000220fb00040004c00002090006001020010db8000000000000000000000009
ptr-record=1.100.51.198.in-addr.arpa,a.example.com
`)
})

test.each([
  [
    'a wildcard alias',
    { '*.example.com': [{ type: 'CNAME', value: 'a.example.com' }] },
    'addresses only',
  ],
  ['a name with a line break', { 'a.example.com\nserver=192.0.2.1': ['192.0.2.1'] }, 'not a name'],
  [
    'a text that dnsmasq would cut',
    { 'a.example.com': [{ type: 'TXT', value: 'x'.repeat(600) }] },
    'too long',
  ],
] as const)('%s is refused', (_, records, why) => {
  expect(() => dnsmasqLines(records)).toThrow(why)
})
