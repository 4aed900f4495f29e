import { compile, policyOf } from '@runwarden/policy'
import { execId } from '@runwarden/sensor'
import { expect, test } from 'vitest'
import { AnsweredNames } from '../src/answered-names.ts'
import { ConnectionTeller } from '../src/connection-teller.ts'
import type { DnsQueryRecord } from '../src/dns/contract.ts'
import type { EventBody } from '../src/event-stream.ts'
import { ContentTeller } from '../src/https/tell.ts'
import { ProcessTable } from '../src/process-table.ts'

const address = Buffer.from('00000000000000000000ffffc6336464', 'hex')
/** To where a process went, and what was decided. */
const went = {
  address,
  port: 443,
  protocol: 6,
  family: 2,
  rule: null,
  name: 0,
  verdict: 'would-block',
  reason: 'no-rule',
  tgid: 100,
} as const

const attempt = { cookie: 0n, socketType: 0, count: 1, via: 'connect', said: null } as const

/** What it tells, in order. @param know what is taken of the sensor when it is asked for */
function tellerOf(
  processes: ProcessTable,
  { know = (): boolean => true, drainDns = () => {}, later = (tell: () => void) => tell() } = {},
): { told: EventBody[]; teller: ConnectionTeller } {
  const told: EventBody[] = []
  const compiled = compile(policyOf([], { egress: 'audit' }))
  const stepOf = (id: string | null): string | null =>
    (id === null ? undefined : processes.get(id)?.step) ?? null
  const who = (id: string | null) => ({ step: stepOf(id), phase: 'post' as const })
  const head = ({ time, execId: id }: { time: number; execId: string | null }) => ({
    time,
    execId: id,
    ...(stepOf(id) === null ? { step: null } : who(id)),
  })
  const https = new ContentTeller(
    (at, body) => told.push({ ...head(at), ...at.began, ...body }),
    () => compiled,
    () => true,
  )
  const teller = new ConnectionTeller(
    {
      processes,
      names: new AnsweredNames(() => {}),
      learnedName: () => null,
      drainDns,
      telling: (tell) => tell(),
      later,
    },
    {
      compiled: () => compiled,
      https,
      know,
      stepOf,
      who,
      head,
      tell: (body) => void told.push(body),
    },
  )
  return { told, teller }
}

test('a flow, and that it was not read, is told under the step that its connection was made in, however many processes have been since', () => {
  const processes = new ProcessTable(2)
  const { told, teller } = tellerOf(processes)
  const id = execId(100, 5n)
  processes.exec(id, 100, null, 0, '/usr/bin/curl', { step: 'publish', phase: 'post' })
  teller.attempt({ ...went, ...attempt, time: 1, execId: id })
  processes.exit(id)
  for (const pid of [101, 102, 103]) processes.exec(`${pid}`, pid, null, 0, '/bin/true')
  expect(processes.get(id)).toBeUndefined()

  const sent = { sockets: [900], packets: 1, bytes: 900, last: 2n, uid: 0, generation: 1 }
  const flow = { ...went, ...sent, https: false, tls: true }
  teller.flow({ ...flow, start: 5n })
  // Another process, which has the same number.
  teller.flow({ ...flow, start: 6n })
  expect(told.slice(1)).toMatchObject([
    { kind: 'net.flow', execId: id, step: 'publish', phase: 'post' },
    { kind: 'http.opaque', execId: id, step: 'publish', phase: 'post' },
    { kind: 'net.flow', execId: execId(100, 6n), step: null },
    { kind: 'http.opaque', execId: execId(100, 6n), step: null },
  ])
})

/** A name that a process asked for. */
const asked = (name: string, tgid: number): DnsQueryRecord => ({
  time: 1,
  name,
  type: 'A',
  server: '127.0.0.1',
  serverPort: 53,
  protocol: 'udp',
  process: { tgid, start: 5n },
  verdict: 'blocked',
  reason: 'no line of the policy allows it',
  rule: null,
  rcode: 'REFUSED',
  addresses: [],
  cnames: [],
})

const inOrder = (told: readonly EventBody[]): string[] =>
  told.map((body) => (body.kind === 'dns.query' ? body.name : body.kind))

test('what was asked for is told before a later connection, which comes as it is found out who asked', () => {
  let waits = true
  const { told, teller } = tellerOf(new ProcessTable(), {
    know: () => {
      if (!waits) return true
      waits = false
      teller.attempt({ ...went, ...attempt, time: 2, execId: execId(101, 5n) })
      return true
    },
  })
  teller.asked([asked('one.example', 100), asked('two.example', 100)])
  expect(inOrder(told)).toEqual(['one.example', 'two.example', 'net.connect'])
})

test('what was asked for by a process that is not known yet is told before its connection, or when all is handed over', () => {
  const later: (() => void)[] = []
  let isKnown = false
  let comes: DnsQueryRecord[] = [asked('one.example', 100)]
  const { told, teller } = tellerOf(new ProcessTable(), {
    know: () => isKnown,
    drainDns: () => teller.asked(comes.splice(0)),
    later: (tell) => void later.push(tell),
  })
  teller.attempt({ ...went, ...attempt, time: 1, execId: execId(99, 5n) })
  expect(inOrder(told)).toEqual(['net.connect'])
  isKnown = true
  teller.attempt({ ...went, ...attempt, time: 2, execId: execId(100, 5n) })
  expect(inOrder(told)).toEqual(['net.connect', 'one.example', 'net.connect'])

  isKnown = false
  comes = [asked('two.example', 101)]
  teller.attempt({ ...went, ...attempt, time: 3, execId: execId(100, 5n) })
  isKnown = true
  for (const tell of later) tell()
  expect(inOrder(told).slice(3)).toEqual(['net.connect', 'two.example'])
})
