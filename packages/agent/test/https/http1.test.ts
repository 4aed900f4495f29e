import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { MAX_HEAD, MAX_PIPELINED } from '../../src/https/limits.ts'
import { http1Server, Tap } from './record.ts'
import { captured, cut, decode, talk } from './seen.ts'

const get = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a.example.org\r\n${more}\r\n`

describe('what one connection carries', () => {
  test.each([
    [
      'a request and its response',
      talk(`>${get('/x?token=secret#y')}`, '<HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
      ['GET https://a.example.org/x -> 200, 0 up, 5 down'],
    ],
    [
      'requests in a pipeline',
      talk(
        `>${get('/1')}${get('/2')}${get('/3')}`,
        '<HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nbb',
        '<HTTP/1.1 204 Nothing\r\n\r\n',
      ),
      [
        'GET https://a.example.org/1 -> 200, 0 up, 1 down',
        'GET https://a.example.org/2 -> 404, 0 up, 2 down',
        'GET https://a.example.org/3 -> 204, 0 up, 0 down',
      ],
    ],
    [
      'chunks both ways, with extensions and trailers',
      talk(
        '>POST /p HTTP/1.1\r\nhost: A.example.org:443\r\nTransfer-Encoding: chunked\r\n\r\n',
        '>5;x=y\r\nhello\r\n3\r\n',
        '>abc\r\n0\r\nTrailer: 1\r\n\r\n',
        '<HTTP/1.1 201 Made\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
        `>${get('/next')}`,
        '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      ),
      [
        'POST https://a.example.org/p -> 201, 8 up, 2 down',
        'GET https://a.example.org/next -> 200, 0 up, 0 down',
      ],
    ],
    [
      'interim responses',
      talk(
        '>PUT /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
        '<HTTP/1.1 100 Continue\r\n\r\n',
        '<HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
        '>data',
        '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      ),
      ['PUT https://a/p -> 200, 4 up, 0 down'],
    ],
    [
      'HEAD and 304, whose lengths are of no body',
      talk(
        '>HEAD /h HTTP/1.1\r\nHost: a\r\n\r\n',
        '<HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
        `>${get('/2')}`,
        '<HTTP/1.1 304 Same\r\nContent-Length: 1000\r\n\r\n',
        `>${get('/3')}`,
        '<HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
      ),
      [
        'HEAD https://a/h -> 200, 0 up, 0 down',
        'GET https://a.example.org/2 -> 304, 0 up, 0 down',
        'GET https://a.example.org/3 -> 200, 0 up, 1 down',
      ],
    ],
    [
      'a body that ends with the connection',
      talk('>GET / HTTP/1.0\r\n\r\n', '<HTTP/1.0 200 OK\r\n\r\nabc', '<def'),
      ['GET https:/// -> 200, 0 up, 6 down'],
    ],
    [
      'what a client asks a proxy for',
      talk(
        '>GET http://user:word@b.example.org:80?secret HTTP/1.1\r\nHost: ignored.example\r\n\r\n',
        '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      ),
      ['GET http://b.example.org/ -> 200, 0 up, 0 down'],
    ],
    [
      'a response that comes before the request is whole',
      talk(
        '>POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345',
        '<HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n',
        '>67890',
        `>${get('/2')}`,
        '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      ),
      [
        'POST https://a/big -> 413, 10 up, 0 down',
        'GET https://a.example.org/2 -> 200, 0 up, 0 down',
      ],
    ],
  ])('%s', (_, pieces, lines) => {
    const seen = decode(pieces)
    expect(seen.lines).toEqual(lines)
    expect(seen.opaque).toBe(null)
    expect(seen.ended).toHaveLength(lines.length)
    expect(seen.held).toBe(0)
    // However it is cut into pieces.
    for (const size of [1, 2, 3, 7, 23]) {
      expect(decode(cut(pieces, () => size)), `in pieces of ${size}`).toMatchObject({
        lines,
        opaque: null,
        held: 0,
      })
    }
  })
})

test.each([
  ['Bearer ghs_0123456789', 'installation'],
  ['token ghs_0123456789', 'installation'],
  [`Basic ${Buffer.from('x-access-token:ghs_0123456789').toString('base64')}`, 'installation'],
  [`basic ${Buffer.from('ghp_0123456789:').toString('base64')}`, 'personal'],
  ['Bearer github_pat_0123', 'personal'],
  ['Bearer eyJhbGciOi', 'other'],
  ['AWS4-HMAC-SHA256 Credential=AKIA', 'other'],
])('of an authorization only its kind is kept: %s', (value, kind) => {
  const [exchange] = decode(talk(`>${get('/', `Authorization: ${value}\r\n`)}`)).exchanges
  expect(exchange?.head.authorization).toBe(kind)
  expect(JSON.stringify(exchange)).not.toContain('0123')
})

describe('what cannot be read is said to be opaque', () => {
  test.each([
    ['another protocol', talk('>\x16\x03\x01\x02\x00', '<xyz'), 'not-http', 0],
    ['another protocol in words', talk('>EHLO a.example.org\r\n', '<250 ok\r\n'), 'not-http', 0],
    ['a server that speaks first', talk('<220 mail\r\n', '>EHLO a\r\n'), 'not-http', 0],
    [
      'two different lengths',
      talk('>POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'),
      'malformed',
      0,
    ],
    [
      'a length and chunks',
      talk('>POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'),
      'malformed',
      0,
    ],
    ['a folded header', talk('>GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n'), 'malformed', 0],
    ['two hosts', talk('>GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'), 'malformed', 0],
    [
      'a chunk longer than its size',
      talk('>POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n'),
      'malformed',
      1,
    ],
    [
      'a WebSocket',
      talk(
        `>${get('/ws', 'Upgrade: websocket\r\nConnection: Upgrade\r\n')}`,
        '<HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x05hello',
        '>\x81\x85abcdefghi',
      ),
      'upgraded',
      1,
    ],
    [
      'a tunnel',
      talk(
        '>CONNECT b.example.org:443 HTTP/1.1\r\nHost: b.example.org:443\r\n\r\n',
        '<HTTP/1.1 200 OK\r\n\r\n',
        '>\x16\x03\x01',
      ),
      'tunnel',
      1,
    ],
    ['an endless line', talk(`>${get(`/${'a'.repeat(20_000)}`)}`), 'limits', 0],
    [
      'an endless head',
      talk(`>GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(MAX_HEAD / 6 + 10)}\r\n`),
      'limits',
      0,
    ],
    [
      'an endless pipeline',
      talk(`>${get('/').repeat(MAX_PIPELINED + 1)}`),
      'limits',
      MAX_PIPELINED,
    ],
  ])('%s', (_, pieces, reason, requests) => {
    const seen = decode(pieces)
    expect(seen.opaque?.reason).toBe(reason)
    expect(seen.exchanges).toHaveLength(requests)
    expect(seen.ended).toHaveLength(requests)
    expect(seen.held).toBe(0)
    const { bytesSent = 0, bytesReceived = 0 } = seen.opaque ?? {}
    expect(bytesSent + bytesReceived).toBeGreaterThan(0)
  })
})

test('a program that serves is not asking', () => {
  const pieces = talk('<GET / HTTP/1.1\r\nHost: me\r\n\r\n', '>HTTP/1.1 200 OK\r\n\r\nx')
  expect(decode(pieces)).toMatchObject({ lines: [], opaque: null })
})

describe('calls of which only the beginning was captured', () => {
  const upload = 'x'.repeat(5000)
  test('bodies by length', () => {
    const pieces = talk(
      `>POST /u HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n${upload}`,
      `>${upload}`,
      `<HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${upload}`,
      `>${get('/2')}`,
      '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    )
    expect(decode(captured(pieces, 100))).toMatchObject({
      lines: [
        'POST https://a/u -> 200, 10000 up, 5000 down',
        'GET https://a.example.org/2 -> 200, 0 up, 0 down',
      ],
      opaque: null,
    })
  })
  test('chunks that end with their call', () => {
    const pieces = talk(
      `>POST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n${upload}\r\n`,
      `>1388\r\n${upload}\r\n0\r\n\r\n`,
      '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    )
    expect(decode(captured(pieces, 200))).toMatchObject({
      lines: ['POST https://a/u -> 200, 10000 up, 0 down'],
      opaque: null,
    })
  })
  test('after a head that was cut, reading goes on with the next one', () => {
    const pieces = talk(
      `>${get('/1', `X: ${'y'.repeat(500)}\r\n`)}`,
      '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      `>${get('/2')}`,
      '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    )
    const seen = decode(captured(pieces, 100))
    expect(seen.opaque?.reason).toBe('cut')
    expect(seen.exchanges.map(({ head }) => head.path)).toEqual(['/2'])
  })
})

test('after a lost call, reading goes on where a message begins', () => {
  const pieces = talk(
    `>${get('/1')}`,
    '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    '>tail of a request that was lost',
    `>${get('/3')}`,
    '<HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  )
  const [, , third] = pieces
  if (third !== undefined) third.lost = true
  const seen = decode(pieces)
  expect(seen.lines).toEqual([
    'GET https://a.example.org/1 -> 200, 0 up, 0 down',
    'GET https://a.example.org/3 -> 200, 0 up, 0 down',
  ])
  expect(seen.opaque).toMatchObject({ reason: 'lost' })
})

test('100 requests of Node on kept connections, four at a time, with bodies up to 96 KiB', async () => {
  await using server = await http1Server((incoming, response) => {
    incoming.resume().on('end', () => {
      response.statusCode = 200 + (Number(incoming.headers['x-index']) % 3)
      response.end('r'.repeat(Number(incoming.headers['x-index']) * 10))
    })
  })
  await using tap = await Tap.before(server.port)
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const outgoing = request({
        agent,
        port: tap.port,
        host: '127.0.0.1',
        method: 'POST',
        path: `/marker/${index}?secret=1`,
        headers: { 'x-index': index, host: 'api.example.org' },
      })
      outgoing.end(Buffer.alloc(index * 983))
      const [response] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream]
      response.resume()
      await once(response, 'end')
    }),
  )
  agent.destroy()
  for (const most of [Infinity, 1024]) {
    const seen = tap.connections.map((pieces) => decode(captured(pieces, most)))
    expect(seen.map(({ opaque }) => opaque)).toEqual(seen.map(() => null))
    expect(seen.flatMap(({ lines }) => lines).toSorted()).toEqual(
      Array.from(
        { length: 100 },
        (_, index) =>
          `POST https://api.example.org/marker/${index} -> ${index % 3 === 1 ? 201 : 200 + (index % 3)}, ${index * 983} up, ${index * 10} down`,
      ).toSorted(),
    )
  }
})
