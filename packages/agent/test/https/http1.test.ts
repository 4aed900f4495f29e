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
        '>GET http://user:word@b.example.org:80?secret HTTP/1.1\r\nHost: B.example.org\r\n\r\n',
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

const post = (framing: string, body = ''): string =>
  `>POST /x HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n${body}`
const chunked = (body: string): string => post('Transfer-Encoding: chunked', body)

describe('a request that two servers could read in two ways is malformed', () => {
  test.each([
    ['a bare LF behind the request line', '>GET / HTTP/1.1\nHost: a\r\n\r\n'],
    ['a bare LF behind a field', '>GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n'],
    ['a bare LF that ends the head', '>GET / HTTP/1.1\r\nHost: a\r\n\n'],
    ['a bare LF before a length', post('X: y\nContent-Length: 64')],
    ['a bare CR within a value', post('X: y\rContent-Length: 64')],
    ['a CR more', post('X: y\r')],
    ['a bare CR before the head ends', '>GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n'],
    ['a NUL in a value', post('X: y\0z')],
    ['a NUL in a long value', post(`X: ${'y'.repeat(9000)}\0`)],
    ['another control character in a value', post('X: \x0b')],
    ['a NUL in a name', post('X\0: y')],
    ['a folded field', post('X: y\r\n z')],
    ['a line folded by a tab', post('X: y\r\n\tz')],
    ['a blank before a colon', post('Content-Length : 3')],
    [
      'a long name with blanks before its colon',
      post(`Transfer-Encoding${' '.repeat(80)}: chunked`),
    ],
    ['a blank within a name', post('Content-Length 3: 3')],
    ['a field without a colon', post('Content-Length')],
    ['a length with a sign', post('Content-Length: +3')],
    ['a length below zero', post('Content-Length: -3')],
    ['a length with a zero in front', post('Content-Length: 010')],
    ['a length of blanks and digits', post('Content-Length: 3 3')],
    ['a length with a blank of Unicode', post('Content-Length: \xc2\xa03')],
    ['a hexadecimal length', post('Content-Length: 0x3')],
    ['an empty length', post('Content-Length:')],
    ['a list of lengths', post('Content-Length: 3, 3')],
    ['a length twice', post('Content-Length: 3\r\ncontent-length: 3')],
    ['a length longer than is looked at', post(`Content-Length: 3${' '.repeat(5000)},4`)],
    ['chunked, and another coding behind', post('Transfer-Encoding: chunked, identity')],
    ['chunked, and another coding before', post('Transfer-Encoding: identity, chunked')],
    ['a coding that only ends so', post('Transfer-Encoding: xchunked')],
    ['an empty coding', post('Transfer-Encoding:')],
    ['a quoted coding', post('Transfer-Encoding: "chunked"')],
    ['a coding behind a control character', post('Transfer-Encoding: \x0bchunked')],
    ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked')],
    ['a coding of HTTP/1.0', '>POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a bare LF in a chunk extension', chunked('2;\nxx\r\n45\r\n0\r\n\r\n')],
    ['a bare LF behind a chunk size', chunked('2\nxx\r\n0\r\n\r\n')],
    ['a bare LF behind a chunk', chunked('2\r\nxx\n0\r\n\r\n')],
    ['a bare LF behind the last chunk', chunked('0\n\r\n')],
    ['a bare LF behind a trailer', chunked('0\r\nX: y\n\r\n')],
    ['a bare LF at the end of trailers', chunked('0\r\n\n')],
    ['a control character in a chunk extension', chunked('2;\0\r\nxx\r\n0\r\n\r\n')],
    ['a CR in a chunk extension', chunked('2;\rxx\r\n0\r\n\r\n')],
    ['blanks, and more digits, in a chunk size', chunked(`2${' '.repeat(70)}2\r\nxx\r\n`)],
    ['a chunk size with a sign', chunked('+2\r\nxx\r\n')],
    ['a hexadecimal prefix of a chunk size', chunked('0x2\r\nxx\r\n')],
    ['a request where trailers are', chunked('0\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['a target of another host', '>GET https://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n'],
    ['a target of another port', '>GET https://a.test:81/ HTTP/1.1\r\nHost: a.test\r\n\r\n'],
    ['two blanks behind a method', '>GET  / HTTP/1.1\r\nHost: a.test\r\n\r\n'],
    ['a blank behind a version', '>GET / HTTP/1.1 \r\nHost: a.test\r\n\r\n'],
    ['another version', '>GET / HTTP/1.2\r\nHost: a.test\r\n\r\n'],
    ['a bare LF between requests', `>${get('/')}\n${get('/2')}`],
  ])('%s', (_, request) => {
    const pieces = talk(request)
    const reasons = [pieces, ...[1, 7].map((size) => cut(pieces, () => size))].map(
      (some) => decode(some).opaque?.reason,
    )
    expect(reasons).toEqual(['malformed', 'malformed', 'malformed'])
  })

  test.each([
    ['tabs in values and extensions', chunked('2;a=b\tc\r\nxx\r\n0\r\nX:\ty\r\n\r\n')],
    ['bytes beyond ASCII', post('X: \xff\x80\r\nContent-Length: 0')],
    ['a coding in capitals', post('Transfer-Encoding: Chunked', '0\r\n\r\n')],
    ['an empty line between requests', `>${get('/')}\r\n${get('/2')}`],
  ])('but not %s', (_, request) => {
    for (const size of [Infinity, 1])
      expect(decode(cut(talk(request), () => size)).opaque).toBe(null)
  })
})

test.each([
  ['/repos/acme/x#/../../../evil', '/repos/acme/x#/../../../evil'],
  ['/x?token=secret#/y', '/x'],
  ['/x#?token=secret', '/x#'],
])('a "#" ends no path: %s', (target, path) => {
  expect(decode(talk(`>${get(target)}`)).exchanges[0]?.head.path).toBe(path)
})

test.each([
  ['api.github.com.', 'api.github.com'],
  ['API.GitHub.com.:443', 'api.github.com'],
  ['api.github.com:', 'api.github.com'],
  ['api.github.com:00443', 'api.github.com'],
  ['api.github.com.:8443', 'api.github.com:8443'],
  ['api.github.com:80', 'api.github.com:80'],
  ['[2001:db8::1]:443', '[2001:db8::1]'],
  ['[2001:db8::1]', '[2001:db8::1]'],
])('a host has one name: %s is %s', (said, host) => {
  const request = `>GET / HTTP/1.1\r\nHost: ${said}\r\n\r\n`
  expect(decode(talk(request)).exchanges[0]?.head.host).toBe(host)
})

test('responses may be written as servers write them', () => {
  const pieces = talk(
    `>${get('/1')}`,
    '<HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\nX: \x01\n\n2\nhi\n0\n\n',
    `>${get('/2')}`,
    '<HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi',
  )
  expect(decode(pieces)).toMatchObject({
    opaque: null,
    lines: [
      'GET https://a.example.org/1 -> 200, 0 up, 2 down',
      'GET https://a.example.org/2 -> 200, 0 up, 2 down',
    ],
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
    expect(decode(captured(pieces, 200, 50))).toMatchObject({
      lines: ['POST https://a/u -> 200, 10000 up, 0 down'],
      opaque: null,
    })
  })
  test('what ends a call is not taken for the end of a chunk', () => {
    const pieces = talk(
      `>POST /u HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n${upload}\r\nff\r\nG`,
      `>${get('/fake')}`,
    )
    for (const end of [0, 50]) {
      const seen = decode(captured(pieces, 200, end))
      expect(seen.exchanges.map(({ head }) => head.path)).toEqual(end ? ['/u'] : ['/u', '/fake'])
      expect(seen.opaque?.reason).toBe(end ? undefined : 'cut')
    }
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
