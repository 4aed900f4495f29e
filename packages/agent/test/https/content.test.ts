import type { TlsChunk } from '@runwarden/sensor'
import { expect, test } from 'vitest'
import { Budget } from '../../src/https/budget.ts'
import { HttpsContent } from '../../src/https/content.ts'

const id = (pid: number): string => `${pid}-1-0badcafe`

function told(options: { budget?: Budget; sessions?: number } = {}): {
  content: HttpsContent
  lines: string[]
} {
  const lines: string[] = []
  const content = new HttpsContent(
    {
      request: ({ execId, library }, { head }) =>
        lines.push(`${execId.split('-')[0]} ${library}: ${head.method} ${head.host}${head.path}`),
      response: ({ execId }, { head, status }) =>
        lines.push(`${execId.split('-')[0]}: ${head.path} ended with ${status}`),
      opaque: ({ execId, reason, host, connections, bytesSent, bytesReceived }) =>
        lines.push(
          `${execId.split('-')[0]}: ${connections} opaque (${reason}) to ${host}, ${bytesSent} up, ${bytesReceived} down`,
        ),
    },
    options,
  )
  return { content, lines }
}

function chunk(pid: number, session: number, text: string, lost = false): TlsChunk {
  const data = Buffer.from(text.slice(1))
  return {
    time: 1000,
    execId: id(pid),
    pid,
    library: 'openssl',
    session: BigInt(session),
    direction: text.startsWith('>') ? 'sent' : 'received',
    data,
    size: data.length,
    lost,
  }
}

const get = (path: string): string => `>GET ${path} HTTP/1.1\r\nHost: a.example.org\r\n\r\n`
const ok = '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

test('connections are told apart by process and address', () => {
  const { content, lines } = told()
  content.chunk(chunk(7, 1, get('/7.1')))
  content.chunk(chunk(7, 2, get('/7.2')))
  content.chunk(chunk(8, 1, get('/8.1')))
  content.chunk(chunk(7, 2, ok))
  content.chunk(chunk(8, 1, ok))
  content.end({ time: 1, execId: id(7), session: 1n })
  // The address comes again for another connection.
  content.chunk(chunk(7, 1, '>SSH-2.0-x\r\n'))
  content.exited(id(7))
  content.finish()
  expect(lines).toEqual([
    '7 openssl: GET a.example.org/7.1',
    '7 openssl: GET a.example.org/7.2',
    '8 openssl: GET a.example.org/8.1',
    '7: /7.2 ended with 200',
    '8: /8.1 ended with 200',
    '7: /7.1 ended with null',
    '7: 1 opaque (not-http) to null, 11 up, 0 down',
  ])
  expect(content.takeSeen(id(8), ['b.example.org'], 1)).toBe(0)
  expect(content.takeSeen(id(8), ['a.example.org'], 5)).toBe(1)
  expect(content.takeSeen(id(8), ['a.example.org'], 5)).toBe(0)
  // What was not read there may have gone to any host.
  expect(content.takeSeen(id(7), ['b.example.org'], 2)).toBe(1)
  expect(content.takeSeen(id(7), [], 2)).toBe(2)
  expect(content.takeSeen(id(9), [], 1)).toBe(0)
})

test('what the job serves is no connection of its own', () => {
  const { content } = told()
  content.chunk(chunk(7, 1, '<GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n'))
  content.finish()
  expect(content.takeSeen(id(7), [], 1)).toBe(0)
})

test('hosts beyond those that are remembered may be any', () => {
  const { content } = told()
  for (let host = 0; host < 70; host++)
    content.chunk(chunk(7, host, `>GET / HTTP/1.1\r\nHost: h${host}:8443\r\n\r\n`))
  content.finish()
  const seen = (host: string): number => content.takeSeen(id(7), [host], 9)
  expect([seen('h0'), seen('h0:8443'), seen('h69:8443'), seen('h68:8443')]).toEqual([6, 1, 0, 0])
})

test('what was lost before the first call that was seen', () => {
  const { content, lines } = told()
  content.chunk(chunk(7, 1, '>of a body', true))
  content.chunk(chunk(7, 1, get('/next')))
  content.finish()
  expect(lines).toEqual([
    '7 openssl: GET a.example.org/next',
    '7: /next ended with null',
    '7: 1 opaque (lost) to a.example.org, 9 up, 0 down',
  ])
})

test('where only answers were lost, requests are read on', () => {
  const { content, lines } = told()
  content.chunk(chunk(7, 1, get('/1')))
  content.chunk(chunk(7, 1, '<of a body', true), 'received')
  content.chunk(chunk(7, 1, get('/2')))
  content.chunk(chunk(8, 1, '<of a greeting', true), 'received')
  content.chunk(chunk(8, 1, get('/3')))
  content.finish()
  expect(lines.filter((line) => line.includes('GET'))).toEqual([
    '7 openssl: GET a.example.org/1',
    '7 openssl: GET a.example.org/2',
    '8 openssl: GET a.example.org/3',
  ])
})

test('beyond the limit the connection that was silent longest is left, and told', () => {
  const { content, lines } = told({ sessions: 2 })
  content.chunk(chunk(7, 1, get('/1')))
  content.chunk(chunk(7, 2, get('/2')))
  content.chunk(chunk(7, 1, ok))
  content.chunk(chunk(7, 3, get('/3')))
  expect(lines.slice(4)).toEqual([
    '7: /2 ended with null',
    '7: 1 opaque (evicted) to a.example.org, 0 up, 0 down',
  ])
})

test('what all connections hold together has a limit, and comes back', () => {
  const budget = new Budget(10_000)
  const { content, lines } = told({ budget })
  for (let session = 0; session < 100; session++)
    content.chunk(chunk(7, session, `>GET /${'x'.repeat(500)}`))
  content.finish()
  expect(lines.filter((line) => line.includes('(limits)')).length).toBeGreaterThan(70)
  expect(budget.free).toBe(10_000)
})
