import { compile } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import type { TlsChunk } from '@runwarden/sensor'
import { expect, test } from 'vitest'
import { ContentTeller } from '../../src/https/tell.ts'

const execId = '7-1-0badcafe'
const compiled = compile(parsePolicy('version: 1\negress: audit\n', 'policy.yml'))

/** A teller, the hosts of what it told as opaque, and what waits in the sensor's rings until they are drained. */
function teller(): { content: ContentTeller; hosts: (string | null)[]; ring: (() => void)[] } {
  const hosts: (string | null)[] = []
  const ring: (() => void)[] = []
  const content = new ContentTeller(
    (_, body) => (body.kind === 'http.opaque' ? hosts.push(body.host) : hosts.length),
    () => compiled,
    () => {
      for (const take of ring.splice(0)) take()
      return true
    },
  )
  return { content, hosts, ring }
}

function sent(session: bigint, text: string): TlsChunk {
  const data = Buffer.from(text)
  const of = { time: 1, execId, pid: 7, library: 'openssl', session } as const
  return { ...of, direction: 'sent', data, size: data.length, lost: false }
}

test('a connection that is read before its connect was told is with whom it connected to', () => {
  const { content, hosts, ring } = teller()
  ring.push(() => content.connects(execId, 'db.example.org', '198.51.100.1', 5432))
  content.take(sent(1n, '\0\0\0\x08\0\x03\0\0'))
  content.take({ time: 2, execId, session: 1n })
  expect(hosts).toEqual(['db.example.org:5432'])
})

test('whom a second connection is with is not taken for whom the first is with', () => {
  const { content, hosts, ring } = teller()
  content.connects(execId, 'db.example.org', '198.51.100.1', 5432)
  ring.push(() => content.connects(execId, 'other.example.org', '198.51.100.2', 5432))
  content.take(sent(2n, '\0\0\0\x08\0\x03\0\0'))
  content.take({ time: 2, execId, session: 2n })
  expect(hosts).toEqual([null])
})

test('a process whose end is told while its bytes are being taken is known until all of them were', () => {
  const { content, hosts, ring } = teller()
  content.connects(execId, 'db.example.org', '198.51.100.1', 5432)
  const ended = content.takeEnded()
  ring.push(() => content.exited(execId))
  content.take(sent(1n, '\0\0\0\x08\0\x03\0\0'))
  content.take({ time: 2, execId, session: 1n })
  content.settle(ended)
  content.take(sent(2n, '\0\0\0\x08\0\x03\0\0'))
  content.settle(content.takeEnded())
  expect(hosts).toEqual(['db.example.org:5432', 'db.example.org:5432'])
})

test('a connection is read whatever host its requests name; one that is not read is told', () => {
  const { content, hosts } = teller()
  for (const name of ['a.example.org', 'b.example.org'])
    content.connects(execId, name, '198.51.100.1', 443)
  const ask = (session: bigint, host: string): void => {
    content.take(sent(session, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`))
    content.take({ time: 2, execId, session })
  }
  const over = (host: string): void =>
    content.flow({
      execId,
      host,
      names: [host],
      address: '198.51.100.1',
      port: 443,
      protocol: 'tcp',
      verdict: 'allowed',
      sockets: [5000],
      tls: true,
      time: 3,
    })
  ask(1n, 'bucket.internal.example')
  ask(2n, 'b.example.org')
  content.settle([execId])
  over('a.example.org')
  over('b.example.org')
  expect(hosts).toEqual([])
  ask(3n, 'b.example.org')
  over('a.example.org')
  expect(hosts).toEqual(['a.example.org'])
})
