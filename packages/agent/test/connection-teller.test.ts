import { compile, policyOf } from '@runwarden/policy'
import { execId } from '@runwarden/sensor'
import { expect, test } from 'vitest'
import { AnsweredNames } from '../src/answered-names.ts'
import { ConnectionTeller } from '../src/connection-teller.ts'
import type { EventBody } from '../src/event-stream.ts'
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

test('a flow is told under the step that its connection was made in, however many processes have been since', () => {
  const processes = new ProcessTable(2)
  const told: EventBody[] = []
  const stepOf = (id: string | null): string | null =>
    (id === null ? undefined : processes.get(id)?.step) ?? null
  const who = (id: string | null) => ({ step: stepOf(id), phase: 'post' as const })
  const teller = new ConnectionTeller(
    {
      processes,
      names: new AnsweredNames(() => {}),
      learnedName: () => null,
      drainDns: () => {},
      later: (tell) => tell(),
    },
    {
      compiled: () => compile(policyOf([], { egress: 'audit' })),
      https: { connects: () => {}, flow: () => {} },
      know: () => true,
      stepOf,
      who,
      head: ({ time, execId: id }) => ({
        time,
        execId: id,
        ...(stepOf(id) === null ? { step: null } : who(id)),
      }),
      tell: (body) => void told.push(body),
    },
  )
  const id = execId(100, 5n)
  processes.exec(id, 100, null, 0, '/usr/bin/curl', 'publish')
  const attempt = { cookie: 0n, socketType: 0, count: 1, via: 'connect', said: null } as const
  teller.attempt({ ...went, ...attempt, time: 1, execId: id })
  processes.exit(id)
  for (const pid of [101, 102, 103]) processes.exec(`${pid}`, pid, null, 0, '/bin/true', 'publish')
  expect(processes.get(id)).toBeUndefined()

  const sent = { sockets: [9], packets: 1, bytes: 9, last: 2n, uid: 0, generation: 1 }
  const flow = { ...went, ...sent, https: false, tls: true }
  teller.flow({ ...flow, start: 5n })
  // Another process, which has the same number.
  teller.flow({ ...flow, start: 6n })
  expect(told.slice(1)).toMatchObject([
    { kind: 'net.flow', execId: id, step: 'publish', phase: 'post' },
    { kind: 'net.flow', execId: execId(100, 6n), step: null },
  ])
})
