import { writeFileSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { compile, simulate } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  allowed,
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
let said: string
let events: Event[]
let program: string

/** Which the kernel takes for loopback, where nobody listens. */
const unspecified = { v4: '0.0.0.0', v6: '::' }
const resolvers = ['192.0.2.53', '198.51.100.53', '2001:db8:100::53']
const policy = `
version: 1
egress: block
allow:
  - ${allowed.v4}:8080
  - "[${allowed.v6}]:8080"
  - udp://${allowed.v4}:8080
  - "udp://[${allowed.v6}]:8080"
  - web.example.com
`

beforeAll(async () => {
  place = new Place()
  lab = await startLab({
    servers: [
      ...servers,
      {
        name: ['web.example.com', 'refused.example.com'],
        addresses: ['198.51.100.10', '2001:db8:1::10'],
        ports: { https: [443, 8443] },
      },
    ],
  })
  program = compileActs(place)
  const job = `
${script(program, there)}
${script(program, allowed)}
${script(program, unspecified)}
for act in raw raw-header packet; do echo "$act $(${program} $act ${there.v4} 0)"; done
for server in ${resolvers.join(' ')}; do for how in notcp tcp; do
  echo "dig $server $how $(dig +tries=1 +time=20 +$how +noall +comments @$server refused.example.com | grep -o 'status: REFUSED\\|EDE: 15 (Blocked)' | tr '\\n' ' ')"
done; done
fetch() { echo "fetch $* $(timeout 30 curl -sS -o /dev/null -w '%{http_code}' "$@" 2>&1 | tail -n 1)"; }
fetch https://web.example.com/
fetch -4 https://web.example.com/
fetch -6 https://web.example.com/
fetch https://web.example.com:8443/
fetch https://refused.example.com/
exit 0`
  writeFileSync(place.at('policy.yml'), policy)
  const ended = await lab.runner.exec(
    runwarden,
    ['run', '--policy', 'policy.yml', '--quiet', '--out', place.out, '--', 'bash', '-c', job],
    { cwd: place.path },
  )
  expect(ended).toMatchObject({ status: 0, stderr: '' })
  said = ended.stdout
  events = place.events()
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

describe.for(networkActs)('$name', ({ name, protocol, via }) => {
  test.for(formsOf(there))('to %s fails at once, and is told', (address) => {
    expect(said).toContain(`${name} ${address} EPERM\n`)
    const run = events.find(
      (event) =>
        event.kind === 'process.exec' &&
        event.argv.join(' ') === `${program} ${name} ${address} 8080`,
    )
    expect(
      events.filter(({ kind, execId }) => kind === 'net.connect' && execId === run?.execId),
    ).toEqual([
      expect.objectContaining({
        verdict: 'blocked',
        address: onTheWire(address),
        port: 8080,
        protocol,
        via,
      }),
    ])
  })

  test.for(formsOf(allowed))('to %s, which is allowed, passes', (address) => {
    expect(said).toContain(`${name} ${address} ok\n`)
  })
})

test.for(formsOf(unspecified))(
  '%s is the machine itself, to everything that tells of it',
  (form) => {
    const address = onTheWire(form)
    for (const { name } of networkActs)
      expect(said).toMatch(new RegExp(`^${name} ${form} (?:ok|ECONNREFUSED|EINVAL)$`, 'm'))
    const to = events
      .filter((event) => event.kind === 'net.connect')
      .filter((event) => event.address === address)
    expect(new Set(to.map(({ via }) => via))).toEqual(new Set(['connect', 'send']))
    expect(to.filter(({ verdict }) => verdict !== 'allowed')).toEqual([])

    const report = place.report()
    const own = report.destinations.filter((one) => one.address === address)
    expect(own.map(({ local }) => local)).toEqual(own.map(() => true))
    expect(own).not.toHaveLength(0)
    expect(report.recommendedPolicy).not.toContain(`${address}:8080`)
    const compiled = compile(parsePolicy(report.recommendedPolicy, 'policy.yml'))
    expect(simulate(compiled, to).refused).toBe(0)
  },
)

test.for(['raw', 'raw-header', 'packet'])('a %s socket is refused', (act) => {
  expect(said).toContain(`${act} EPERM\n`)
})

test.for(resolvers)(
  'a name outside of the policy is refused whichever server is asked: %s',
  (server) => {
    for (const how of ['notcp', 'tcp'])
      expect(said).toContain(`dig ${server} ${how} status: REFUSED EDE: 15 (Blocked) \n`)
  },
)

test.for([
  ['https://web.example.com/', /200$/],
  ['-4 https://web.example.com/', /200$/],
  ['-6 https://web.example.com/', /200$/],
  ['https://web.example.com:8443/', /000|not permitted|Failed to connect|Couldn't connect/],
  ['https://refused.example.com/', /000|Could not resolve/],
] as const)('curl %s', ([what, outcome]) => {
  const line = said.split('\n').find((text) => text.startsWith(`fetch ${what} `))
  expect(line).toMatch(outcome)
})

test('nothing that was refused left the machine, and all that was allowed arrived', async () => {
  const packets = await lab.internet.packets()
  expect(packets.filter(({ to }) => Object.values<string>(there).includes(to))).toEqual([])
  expect((await lab.dns.queries()).filter(({ name }) => name === 'refused.example.com')).toEqual([])
  expect(packets.filter(({ toPort }) => toPort === 8443)).toEqual([])
  const records = await lab.internet.records()
  for (const address of Object.values(allowed)) {
    for (const protocol of ['tcp', 'udp'] as const) {
      const forms = formsOf(allowed).filter((form) => onTheWire(form) === address).length
      const acts = networkActs.filter((act) => act.protocol === protocol).length
      expect(
        records.filter((record) => record.address === address && record.protocol === protocol)
          .length,
      ).toBeGreaterThanOrEqual(forms * acts)
    }
  }
  expect(
    new Set(records.filter(({ sni }) => sni === 'web.example.com').map(({ address }) => address)),
  ).toEqual(new Set(['198.51.100.10', '2001:db8:1::10']))
})
