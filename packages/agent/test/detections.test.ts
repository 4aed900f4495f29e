import type { Event } from '@runwarden/events'
import { expect, test } from 'vitest'
import { Detections } from '../src/detections.ts'
import { ProcessTable } from '../src/process-table.ts'

let seq = 0
const base = () => ({ seq: ++seq, time: 0, scope: 's', execId: 'p', step: 'build' })
const network = { verdict: 'blocked', reason: 'not in the policy', rule: null } as const
const file = { truth: 'kernel', workspace: true, sensitive: null, errno: 0 } as const

/** Detections with their rules read, and one process that has run `exe` so far. */
async function rig(exe: string, inside: number[] = []) {
  const processes = new ProcessTable()
  processes.exec('p', 4_000_000, null, 0, exe)
  for (const pid of inside) processes.exec(`inside-${pid}`, pid, null, 0, '/bin/app')
  const gaps: string[] = []
  const detections = await Detections.load({
    writerOf: () => '',
    processes,
    job: {},
    gap: (text) => gaps.push(text),
  })
  return { detections, gaps, runs: (next: string) => processes.exec('p', 4_000_000, null, 0, next) }
}

/** The ids of what a sequence of events leads to; `exe` is who acts from there on. */
async function found(acts: (Event | string)[], inside: number[] = []): Promise<string[]> {
  const { detections, gaps, runs } = await rig('/bin/sh', inside)
  const ids: string[] = []
  for (const act of acts) {
    if (typeof act === 'string') runs(act)
    else ids.push(...detections.see(act).map(({ id, severity }) => `${id} ${severity}`))
  }
  expect(gaps).toEqual([])
  return ids
}

const query = (name: string, verdict: 'blocked' | 'attack-blocked' | 'allowed'): Event => ({
  ...base(),
  ...network,
  verdict,
  kind: 'dns.query',
  name,
  type: 'A',
  server: '192.0.2.53',
  serverPort: 53,
  protocol: 'udp',
  rcode: null,
  addresses: [],
  cnames: [],
})
const connect = (
  address: string,
  verdict: 'blocked' | 'attack-blocked' | 'would-block',
): Event => ({
  ...base(),
  ...network,
  verdict,
  kind: 'net.connect',
  host: null,
  address,
  port: 443,
  protocol: 'tcp',
  via: 'connect',
  count: 1,
})
const ptrace = (targetPid: number | null, errno = 0): Event => ({
  ...base(),
  kind: 'sandbox.change',
  change: 'ptrace',
  detail: 'ptrace(ATTACH)',
  truth: 'kernel',
  errno,
  targetPid,
})

test.each<[string, (Event | string)[], string[]]>([
  [
    'a refused name is told once',
    [query('a.test', 'blocked'), query('a.test', 'blocked'), query('b.test', 'allowed')],
    ['domain-blocked medium'],
  ],
  [
    'a block-listed name is critical',
    [query('evil.test', 'attack-blocked')],
    ['attack-blocked critical'],
  ],
  [
    'a refused address is told, one that passed in audit mode is not',
    [connect('192.0.2.1', 'blocked'), connect('192.0.2.2', 'would-block')],
    ['destination-blocked medium'],
  ],
  [
    'a block-listed address is critical',
    [connect('192.0.2.1', 'attack-blocked')],
    ['attack-blocked critical'],
  ],
  [
    'another process’s memory is told',
    [
      {
        ...base(),
        ...file,
        workspace: false,
        sensitive: 'process-memory',
        kind: 'file.read',
        path: '/proc/77/mem',
      },
    ],
    ['process-memory-read high'],
  ],
  ['a process outside that is traced is told', [ptrace(77)], ['outside-process-traced high']],
  [
    'a debugger on the job’s own process is not, nor one that was refused',
    [ptrace(5), ptrace(77, 1), ptrace(null)],
    [],
  ],
])('%s', async (_, acts, ids) => {
  expect(await found(acts, [5])).toEqual(ids)
})

const asked = (
  name: string,
  verdict: 'allowed' | 'would-block' | 'blocked',
  cnames: string[] = [],
): Event => ({ ...query(name, 'allowed'), verdict, cnames }) as Event
const reached = (
  address: string,
  port: number,
  host: string | null = null,
  verdict: 'allowed' | 'would-block' | 'blocked' = 'allowed',
  protocol: 'tcp' | 'udp' = 'tcp',
): Event => ({ ...connect(address, 'blocked'), port, host, verdict, protocol }) as Event

test.each<[string, Event[], string[]]>([
  [
    'a resolver over HTTPS that policy allows is told when it is asked, and when it is reached',
    [asked('dns.google', 'allowed'), reached('203.0.113.8', 443, 'dns.google')],
    ['dns-over-https medium', 'dns-over-https high'],
  ],
  ['… in audit mode too', [asked('dns.google', 'would-block')], ['dns-over-https medium']],
  [
    '… and where it is refused, as any name',
    [asked('dns.google', 'blocked')],
    ['domain-blocked medium'],
  ],
  [
    'names under a zone of such resolvers, and names that lead to one',
    [
      asked('abc123.dns.nextdns.io', 'allowed'),
      asked('mozilla.cloudflare-dns.com', 'allowed'),
      asked('innocent.example', 'allowed', ['edge.example', 'dns.quad9.net']),
    ],
    ['dns-over-https medium', 'dns-over-https medium', 'dns-over-https medium'],
  ],
  [
    'an address of one, with and without a name that led to it',
    [reached('1.1.1.1', 443), reached('2001:4860:4860::8888', 443, 'innocent.example')],
    ['dns-over-https high', 'dns-over-https high'],
  ],
  [
    'port 853 of anybody, over TLS and QUIC',
    [reached('203.0.113.9', 853), reached('203.0.113.9', 853, null, 'would-block', 'udp')],
    ['dns-over-https high', 'dns-over-https high'],
  ],
  [
    'other names and ports, loopback, and what was refused, are not told so',
    [
      asked('notdns.google', 'allowed'),
      asked('dns.google.example', 'allowed'),
      asked('nextdns.io', 'allowed'),
      reached('203.0.113.9', 443, 'www.example.com'),
      reached('1.1.1.1', 80),
      reached('127.0.0.1', 853),
      reached('::1', 853),
    ],
    [],
  ],
])('%s', async (_, acts, ids) => {
  expect(await found(acts)).toEqual(ids)
})

test('a tunnel is told once for its zone, with the last queries as evidence and what to do', async () => {
  const { detections } = await rig('/usr/bin/tool')
  const names = Array.from({ length: 40 }, (_, i) =>
    [`${i}x`, `${i}y`].map((part) => part.repeat(30).slice(0, 60)).join('.'),
  )
  const asks = names.map((name) => asked(`${name}.t.example.com`, 'allowed'))
  const told = asks.flatMap((event) => detections.see(event))
  expect(told).toMatchObject([
    {
      id: 'exfiltration-attempt',
      severity: 'high',
      title: 'the names asked below example.com carry data',
      evidence: asks.slice(0, 10).map(({ seq: number }) => number),
      text: expect.stringMatching(/\/usr\/bin\/tool asked last.*replace its secrets/) as string,
    },
  ])
  const refused = names.map((name) => asked(`${name}.t.example.com`, 'blocked'))
  const more = refused.flatMap((event) => detections.see(event))
  expect(more.filter(({ id }) => id === 'exfiltration-attempt')).toMatchObject([
    { severity: 'medium', text: expect.stringContaining('never left this machine') as string },
  ])
})

test('a flood of names does not become a flood of findings', async () => {
  const { detections, gaps } = await rig('/bin/sh', [])
  const acts = Array.from({ length: 5000 }, (_, i) => query(`n${i}.test`, 'blocked'))
  expect(acts.flatMap((act) => detections.see(act))).toHaveLength(1000)
  expect(gaps).toEqual([
    expect.stringContaining('more than 1000 different findings of domain-blocked'),
  ])
})
