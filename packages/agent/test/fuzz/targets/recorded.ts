import { compile, readRecorded, simulate } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { must, order, type Target } from '../target.ts'

const policy = compile(
  parsePolicy(
    `egress: block
allow:
  - registry.example.org
  - "*.example.com:443"
  - 203.0.113.0/24:8000-8100
  - endpoint: narrow.example.org
    steps: [build]
    exe: ["**/git"]
`,
    'policy.yml',
  ),
)

const line = (event: object): string => `${JSON.stringify(event)}\n`
const connect = {
  kind: 'net.connect',
  execId: '1-2-aaaaaaaa',
  step: 'build',
  host: 'narrow.example.org',
  address: '203.0.113.9',
  port: 443,
  protocol: 'tcp',
  verdict: 'allowed',
  rule: null,
  count: 2,
}

/** The record of a run, which may lie where the job can write: lines of events.ndjson, decided again. */
export const recorded: Target = {
  name: 'recorded',
  seeds: () => [
    Buffer.from(
      line({ kind: 'process.exec', execId: '1-2-aaaaaaaa', exe: '/usr/bin/git' }) + line(connect),
    ),
    Buffer.from(
      line({ kind: 'dns.query', execId: null, step: null, name: 'A.example.com.', verdict: 'x' }),
    ),
    Buffer.from(line({ ...connect, address: '::1', host: null, port: 53, protocol: 'udp' })),
    Buffer.from(line({ ...connect, address: '', host: null, port: 0, protocol: 'raw' })),
  ],
  words: [
    'null',
    '"kind":',
    '"net.connect"',
    '"dns.query"',
    '"__proto__"',
    '"address":',
    '"count":',
    '1e999',
    '-1',
    '[]',
    '{}',
    '\\u001b[2J',
    '2001:db8::1',
    '\n',
  ],
  run: (input) => {
    const events = []
    const refused = new Set<string>()
    for (const text of input.toString().split('\n')) {
      if (text === '') continue
      try {
        const event = readRecorded(text)
        if (event !== undefined) events.push(event)
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error
        refused.add(error.message.includes('JSON') ? 'JSON' : error.message)
      }
    }
    const result = simulate(policy, events)
    must(result.refused <= result.events, 'no more is refused than there was')
    must(Number.isFinite(result.events) && result.events >= 0, 'a number of events')
    for (const { protocol, now } of result.destinations)
      must(/^[a-z0-9-]+$/.test(protocol) && now !== 'would-block', 'words')
    const verdicts = [...result.destinations, ...result.names].map(({ now }) => now)
    return `${order(events.length)} ${[...new Set(verdicts)].toSorted().join()} ${[...refused].toSorted().slice(0, 2).join()}`
  },
}
