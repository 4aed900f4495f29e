import { writeFileSync } from 'node:fs'
import type { Event, EventOf } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'
import { arrived, expectAllowedAlone, tryAll, type Way } from './ways.ts'

let place: Place
let lab: Lab

/** Its address has no other name. */
const alone = 'alone.example.com'
/** Names of one address. */
const [own, others, everybodys] = ['own.example.com', 'others.example.com', 'open.example.com']
/** Narrowed, and allowed to everybody by another line. */
const both = 'both.example.com'
const below = 'one.below.example.com'
const listed = 'listed.below.example.com'

beforeAll(async () => {
  place = new Place()
  for (const program of ['fetch', 'other']) place.copyProgram('/usr/bin/curl', 'bin', program)
  place.copyProgram('/usr/bin/bash', 'bin/say')
  lab = await startLab({
    servers: [
      {
        name: alone,
        addresses: ['198.51.100.81', '2001:db8:1::81'],
        ports: { http: 8080, tcp: 8090, udp: 8081 },
      },
      { name: [own, others, everybodys], addresses: ['198.51.100.82'], ports: { https: 443 } },
      { name: [both, below, listed], addresses: ['198.51.100.83'], ports: { http: 8080 } },
    ],
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

const fetch = (): string => place.at('bin/fetch')
const other = (): string => place.at('bin/other')
const say = (): string => place.at('bin/say')

/** A connection to the shared address, with a name in the SNI that it was not looked up for. */
const asks = (program: string, name: string, mark: string): string =>
  `${program} -sSm20 --cacert "$CA" --resolve ${name}:443:198.51.100.82 https://${name}/${mark}`

const ways = (): Way[] => {
  const http = (program: string, mark: string, host = alone): string =>
    `${program} -sSm20 http://${host}:8080/${mark}`
  return [
    { mark: 'itself', allowed: true, script: http(fetch(), 'itself') },
    { mark: 'ipv6', allowed: true, script: `${http(fetch(), 'ipv6')} -6` },
    { mark: 'child', allowed: true, script: `sh -c '${http(fetch(), 'child')}; true'` },
    {
      mark: 'stream',
      allowed: true,
      script: `${say()} -c 'exec 3<> /dev/tcp/${alone}/8090; echo stream >&3'`,
    },
    {
      mark: 'datagram',
      allowed: true,
      script: `${say()} -c 'echo datagram > /dev/udp/${alone}/8081'`,
    },
    { mark: 'other-program', allowed: false, script: http(other(), 'other-program') },
    // The name has been looked up before: the address is open, but not to others.
    {
      mark: 'by-address',
      allowed: false,
      script: `${other()} -sSm20 --resolve ${alone}:8080:198.51.100.81 http://${alone}:8080/by-address`,
    },
    {
      mark: 'by-address-6',
      allowed: false,
      script: `${other()} -sSgm20 'http://[2001:db8:1::81]:8080/by-address-6'`,
    },
    {
      mark: 'child-of-it',
      allowed: false,
      script: `${say()} -c '${other()} -sSm20 http://198.51.100.81:8080/child-of-it'`,
    },
    {
      mark: 'other-stream',
      allowed: false,
      script: `bash -c 'exec 3<> /dev/tcp/198.51.100.81/8090; echo other-stream >&3'`,
    },
    {
      mark: 'other-datagram',
      allowed: false,
      script: `bash -c 'echo other-datagram > /dev/udp/198.51.100.81/8081'`,
    },
    { mark: 'own', allowed: true, script: `${fetch()} -sSm20 --cacert "$CA" https://${own}/own` },
    {
      mark: 'others',
      allowed: true,
      script: `${other()} -sSm20 --cacert "$CA" https://${others}/others`,
    },
    {
      mark: 'everybodys',
      allowed: true,
      script: `curl -sSm20 --cacert "$CA" https://${everybodys}/everybodys`,
    },
    // Each may connect to the address, for a name of its own.
    { mark: 'foreign', allowed: false, script: asks(fetch(), others, 'foreign') },
    { mark: 'foreign-2', allowed: false, script: asks(other(), own, 'foreign-2') },
    { mark: 'foreign-3', allowed: false, script: asks('curl', own, 'foreign-3') },
    { mark: 'shared', allowed: true, script: asks(fetch(), everybodys, 'shared') },
    { mark: 'both', allowed: true, script: http('curl', 'both', both) },
    { mark: 'wildcard', allowed: true, script: http(fetch(), 'wildcard', below) },
    { mark: 'other-wildcard', allowed: false, script: http(other(), 'other-wildcard', below) },
    { mark: 'listed', allowed: false, script: http(fetch(), 'listed', listed) },
  ]
}

async function run(egress: string): Promise<Event[]> {
  const out = place.at(egress)
  writeFileSync(
    place.at('policy.yml'),
    `
version: 1
egress: ${egress}
allow:
  - endpoint: ${alone}:8080
    exe: [${fetch()}]
  - endpoint: ${alone}:8090
    exe: [${say()}]
  - endpoint: udp://${alone}:8081
    exe: ["**/bin/say"]
  - endpoint: ${own}
    exe: [${fetch()}]
  - endpoint: ${others}
    exe: [${other()}]
  - ${everybodys}
  - endpoint: ${both}:8080
    exe: [${fetch()}]
  - ${both}:8080
  - endpoint: "*.below.example.com:8080"
    exe: [${fetch()}]
`,
  )
  const list = { version: 1, domains: [{ value: listed, reason: 'campaign' }] }
  writeFileSync(place.at('list.json'), JSON.stringify(list))
  const args = ['--policy', 'policy.yml', '--block-list', 'list.json', '--quiet', '--out', out]
  const ended = await lab.runner.exec(
    runwarden,
    ['run', ...args, '--', 'bash', '-c', tryAll(ways())],
    { cwd: place.path, env: { CA: lab.caFile } },
  )
  expect(ended.status, ended.stderr).toBe(0)
  return place.events(out)
}

const named = (events: Event[], kind: 'dns.query' | 'net.connect', verdict: string): string[] =>
  events
    .filter((event): event is EventOf<'dns.query'> | EventOf<'net.connect'> => event.kind === kind)
    .filter((event) => event.verdict === verdict)
    .map(({ reason }) => reason)

describe('names that are narrowed to programs', () => {
  let events: Event[]
  let records: string
  beforeAll(async () => {
    events = await run('block')
    records = await arrived(lab)
  })

  test('are enforced, and no word says otherwise', () => {
    expect(JSON.stringify(events)).not.toContain('not enforced')
  })

  test('are reached by what runs the program, and by nothing else', () => {
    expectAllowedAlone(ways(), records)
  })

  test('are not looked up for others', () => {
    expect(new Set(named(events, 'dns.query', 'blocked'))).toEqual(
      new Set([
        `policy.yml:5 ${alone}:8080 allows it to programs ${fetch()} only`,
        `policy.yml:19 *.below.example.com:8080 allows it to programs ${fetch()} only`,
      ]),
    )
  })

  test('are named in the reason of what they refuse', () => {
    const reasons = named(events, 'net.connect', 'blocked')
    expect(reasons).toContain(`policy.yml:5 ${alone}:8080 allows it to programs ${fetch()} only`)
    expect(reasons).toContain(`policy.yml:7 ${alone}:8090 allows it to programs ${say()} only`)
    expect(reasons).toContain(`policy.yml:13 ${others}:443 allows it to programs ${other()} only`)
    expect(reasons).toContain(`policy.yml:11 ${own}:443 allows it to programs ${fetch()} only`)
  })
})

test('in audit mode what a line does not fit passes, and is told with the line', async () => {
  const events = await run('audit')
  const records = await arrived(lab)
  for (const { mark } of ways().filter(({ mark }) => mark !== 'listed'))
    expect(records).toMatch(new RegExp(`GET /${mark} |^${mark}$`, 'm'))
  const reasons = named(events, 'net.connect', 'would-block')
  expect(reasons).toContain(`policy.yml:5 ${alone}:8080 allows it to programs ${fetch()} only`)
  expect(reasons).toContain(`policy.yml:13 ${others}:443 allows it to programs ${other()} only`)
  expect(named(events, 'dns.query', 'would-block')).toContain(
    `policy.yml:5 ${alone}:8080 allows it to programs ${fetch()} only`,
  )
})
