import { fileURLToPath } from 'node:url'
import type { DnsRecords } from '../dns/records.ts'
import type { ServerOptions } from '../server-plan.ts'

/** Programs of the suite: the acts, and the servers that the lab itself has not. */
export const tools = fileURLToPath(new URL('tools', import.meta.url))

/** The runner's resolver: tools/resolver.py, which lies where a name asks it to and else asks the lab's DNS. */
export const resolver = '192.0.2.54'

/** Where names below the denied zone lead, and those of the thief. */
export const thief = { v4: '203.0.113.66', v6: '2001:db8:66::66' } as const

/** What policy allows, and what shares addresses with it. */
export const servers: readonly ServerOptions[] = [
  {
    name: ['*.allow.example.com', 'good.example.com'],
    addresses: ['198.51.100.10', '2001:db8:1::10'],
    ports: { https: 443, http: 80 },
    dns: false,
    certificateFor: ['*.allow.example.com', 'good.example.com', '198.51.100.10'],
  },
  {
    // One address, two allowed names, one that is allowed on another port only, and one that is not.
    name: ['front.example.com', 'second.example.com', 'narrow.example.com', 'hidden.example.net'],
    addresses: ['198.51.100.20', '2001:db8:1::20'],
    ports: { https: 443, http: 80 },
    certificateFor: [
      'front.example.com',
      'second.example.com',
      '*.hidden.example.net',
      '*.wild.example.net',
    ],
  },
  {
    // Of allowed names only.
    name: ['lone.example.com', 'pair.example.com'],
    addresses: ['198.51.100.21'],
    ports: { https: 443, http: 80 },
  },
  {
    name: 'proxy.example.com',
    addresses: ['198.51.100.30'],
    ports: { http: 3128 },
  },
  {
    // Known for answering DNS over HTTPS; these exist in the lab's DNS only.
    name: ['dns.google', 'doh.example.com'],
    addresses: ['198.51.100.31'],
    ports: { https: 443 },
  },
  {
    name: 'rules.example.com',
    addresses: ['198.51.100.32'],
    ports: { https: 443 },
  },
  {
    name: ['*.thief.example.net', 'thief.example.net'],
    addresses: Object.values(thief),
    ports: { https: [443, 853], http: 80, udp: [53, 443, 853] },
    dns: false,
    certificateFor: ['*.thief.example.net', 'thief.example.net', thief.v4],
  },
  {
    // Every other address.
    addresses: ['::'],
    ports: { http: 8080, tcp: [9000, 5353, 1053], udp: [8080, 9000, 5353, 1053, 123, 514] },
  },
]

export const records: DnsRecords = {
  '*.allow.example.com': ['198.51.100.10', '2001:db8:1::10'],
  'good.example.com': ['198.51.100.10', '2001:db8:1::10'],
  '*.thief.example.net': Object.values(thief),
  '*.hidden.example.net': ['198.51.100.20', '2001:db8:1::20'],
  '*.wild.example.com': ['198.51.100.10'],
  '*.example.test': [thief.v4],
  'evilgood.example.com': [thief.v4],
  'good.example.com.evil.test': [thief.v4],
  'metadata.google.internal': ['169.254.169.254'],
}

/** The policy of the job, with a line for each kind of endpoint that the cases lean on. */
export const policy = `
version: 1
egress: block
allow:
  - good.example.com
  - good.example.com:80
  - "*.allow.example.com"
  - "*.allow.example.com:80"
  - "*.allow.example.com:8080"
  - good.example.com:8440-8459
  - "*.wild.example.com"
  - front.example.com
  - front.example.com:80
  - second.example.com
  - second.example.com:80
  - lone.example.com
  - lone.example.com:80
  - pair.example.com
  - pair.example.com:80
  - narrow.example.com:8080
  - proxy.example.com:3128
  - dns.google
  - doh.example.com
  - 11.19.0.0/16:8080
  - udp://11.19.0.0/16:8080
  - "[2001:db8:19::/48]:8080"
  - "udp://[2001:db8:19::/48]:8080"
  - 198.51.100.40:8080
  - https: rules.example.com
    methods: [GET]
    paths: ["/acme/**"]
`
