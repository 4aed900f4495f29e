import type { Event, Report } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { parsePolicy } from '@runwarden/policy/document'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  compileActs,
  formsOf,
  networkActs,
  onTheWire,
  script,
  servers,
  there,
} from './network-acts.ts'
import { Place, runwarden } from './runwarden.ts'

let place: Place
let lab: Lab
let events: Event[]
let report: Report
let program: string
let said: string

/** DNS over UDP and TCP, to the machine's own resolver and to any other, over IPv4 and IPv6. */
const queries = [
  { server: '192.0.2.53', option: '+notcp', type: 'A' },
  { server: '192.0.2.53', option: '+tcp', type: 'A' },
  { server: '198.51.100.53', option: '+notcp', type: 'AAAA' },
  { server: '198.51.100.53', option: '+tcp', type: 'AAAA' },
  { server: '2001:db8:100::53', option: '+notcp', type: 'A' },
  { server: '2001:db8:100::53', option: '+tcp', type: 'A' },
]

/** Every way to a packet socket. */
const packetActs = [
  'packet',
  'packet-old',
  'uring-packet',
  'uring-packet-silent',
  ...(process.arch === 'x64' ? ['packet-socketcall'] : []),
]

beforeAll(async () => {
  place = new Place()
  lab = await startLab({ servers })
  program = compileActs(place)
  const job = `
${script(program, there)}
for act in raw raw-header; do echo "$act $(${program} $act ${there.v4} 0)"; done
for act in ${packetActs.join(' ')}; do echo "$act $(${program} $act ${there.v4} 0)"; done
${queries.map(({ server, option, type }) => `dig +tries=1 +time=20 ${option} +short @${server} -t ${type} allowed.example.net`).join('\n')}
curl -s -o /dev/null http://allowed.example.net:8080/ -m 10
exit 0`
  const ended = await lab.runner.exec(
    runwarden,
    ['run', '--egress', 'audit', '--quiet', '--out', place.out, '--', 'bash', '-c', job],
    { cwd: place.path },
  )
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  said = ended.stdout
  events = place.events()
  report = place.report()
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** The acts of one run of a program: what it did by its arguments. */
function actsOf(...argv: string[]): Event[] {
  const run = events.find(
    (event) => event.kind === 'process.exec' && event.argv.slice(1).join(' ') === argv.join(' '),
  )
  expect(run, `an exec with ${argv.join(' ')}`).toBeDefined()
  return events.filter((event) => event.execId === run?.execId)
}

describe.for(networkActs)('$name', ({ name, protocol, via }) => {
  test.for(formsOf(there))(
    'to %s passes, and is told with its process as would-block',
    (address) => {
      expect(said).toContain(`${name} ${address} ok`)
      expect(actsOf(name, address, '8080').filter(({ kind }) => kind === 'net.connect')).toEqual([
        expect.objectContaining({
          verdict: 'would-block',
          address: onTheWire(address),
          port: 8080,
          protocol,
          via,
          count: 1,
          host: null,
          rule: null,
        }),
      ])
    },
  )
})

/** How many of the forms are the same address on the wire. */
const forms = (address: string): number =>
  formsOf(there).filter((form) => onTheWire(form) === address).length

test('all of it arrived: audit mode stops nothing', async () => {
  const arrived = (await lab.internet.records()).filter(({ address }) =>
    Object.values<string>(there).includes(address),
  )
  const count = (protocol: string, address: string): number =>
    arrived.filter((record) => record.protocol === protocol && record.address === address).length
  for (const address of Object.values(there)) {
    expect(count('tcp', address)).toBe(
      networkActs.filter(({ protocol }) => protocol === 'tcp').length * forms(address),
    )
    expect(count('udp', address)).toBeGreaterThanOrEqual(
      networkActs.filter(({ protocol }) => protocol === 'udp').length * forms(address),
    )
  }
})

test('each destination is one entry of the report, with every process that reached for it', () => {
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const address of Object.values(there)) {
      const entries = report.destinations.filter(
        (entry) => entry.address === address && entry.protocol === protocol && entry.port === 8080,
      )
      const attempts =
        forms(address) * networkActs.filter((act) => act.protocol === protocol).length
      expect(entries.map(({ verdict, host, count }) => ({ verdict, host, count }))).toEqual([
        { verdict: 'would-block', host: null, count: attempts },
      ])
      expect(entries[0]?.processes.length).toBe(Math.min(8, attempts))
      expect(entries[0]?.processes.every(({ exe }) => exe === program)).toBe(true)
    }
  }
})

test.for([
  ['raw', there.v4, '0'],
  ['raw-header', there.v4, '0'],
  ...packetActs.map((act) => [act, there.v4, '0']),
])('a %s socket is told', (argv) => {
  expect(actsOf(...argv)).toContainEqual(
    expect.objectContaining({
      kind: 'net.connect',
      verdict: 'would-block',
      via: 'socket',
      protocol: 'raw',
      address: '',
    }),
  )
})

test.for(queries)(
  'a query of $server with $option is told with its process and answer',
  ({ server, option, type }) => {
    const query = actsOf(
      '+tries=1',
      '+time=20',
      option,
      '+short',
      `@${server}`,
      '-t',
      type,
      'allowed.example.net',
    ).find(({ kind }) => kind === 'dns.query')
    expect(query).toMatchObject({
      name: 'allowed.example.net',
      type,
      server,
      serverPort: 53,
      protocol: option === '+tcp' ? 'tcp' : 'udp',
      verdict: 'would-block',
      rcode: 'NOERROR',
      addresses: [type === 'A' ? '203.0.113.10' : '2001:db8:9::10'],
    })
  },
)

test('a name and the connection that it led to belong together', () => {
  const acts = actsOf('-s', '-o', '/dev/null', 'http://allowed.example.net:8080/', '-m', '10')
  const connects = acts.filter((event) => event.kind === 'net.connect')
  expect(connects.length).toBeGreaterThan(0)
  for (const connect of connects)
    expect(connect).toMatchObject({
      host: 'allowed.example.net',
      port: 8080,
      protocol: 'tcp',
      verdict: 'would-block',
    })
  expect(report.destinations).toContainEqual(
    expect.objectContaining({ host: 'allowed.example.net', port: 8080, protocol: 'tcp' }),
  )
})

test('the policy that the report recommends is valid, and allows what can be allowed', () => {
  const policy = parsePolicy(report.recommendedPolicy, 'recommended.yml')
  const texts = report.recommendedPolicy
  expect(policy.egress).toBe('block')
  for (const endpoint of [
    `udp://${there.v4}:8080`,
    `${there.v4}:8080`,
    `[${there.v6}]:8080`,
    'allowed.example.net:8080',
  ])
    expect(texts).toContain(endpoint)
})
