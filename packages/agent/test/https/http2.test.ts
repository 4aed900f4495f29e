import { once } from 'node:events'
import http2 from 'node:http2'
import { describe, expect, test } from 'vitest'
import { PREFACE } from '../../src/https/http2/connection.ts'
import { MAX_STREAMS } from '../../src/https/limits.ts'
import { FLAG, frame, literal, requestBlock, statusBlock, TYPE } from './frames.ts'
import { http2Server, Tap, type Piece } from './record.ts'
import { captured, cut, decode } from './seen.ts'

function piece(direction: Piece['direction'], ...frames: Buffer[]): Piece {
  const data = Buffer.concat(frames)
  return { direction, data, size: data.length, time: 1, lost: false }
}
const settings = frame(TYPE.settings, 0, 0)
const sent = (...frames: Buffer[]): Piece => piece('sent', ...frames)
const received = (...frames: Buffer[]): Piece => piece('received', ...frames)
const start = (): Piece => sent(PREFACE, settings)
const both = FLAG.endStream | FLAG.endHeaders

describe('frames', () => {
  test.each([
    [
      'a block in three frames, with padding and priority',
      [
        sent(
          frame(
            TYPE.headers,
            FLAG.padded | FLAG.priority | FLAG.endStream,
            1,
            Buffer.concat([
              Buffer.from([3, 0, 0, 0, 0, 16]),
              requestBlock('/a').subarray(0, 5),
              Buffer.alloc(3),
            ]),
          ),
          frame(TYPE.continuation, 0, 1, requestBlock('/a').subarray(5, 20)),
          frame(TYPE.continuation, FLAG.endHeaders, 1, requestBlock('/a').subarray(20)),
        ),
        received(frame(TYPE.headers, both, 1, statusBlock)),
      ],
      ['GET https://api.example.org/a -> 200, 0 up, 0 down'],
    ],
    [
      'content with padding, trailers, and frames of no matter between',
      [
        sent(
          frame(TYPE.headers, FLAG.endHeaders, 1, requestBlock('/a', 'POST')),
          frame(TYPE.window, 0, 0, Buffer.from([0, 0, 1, 0])),
          frame(TYPE.data, FLAG.padded, 1, Buffer.from([2, 65, 66, 67, 0, 0])),
          frame(TYPE.priority, 0, 3, Buffer.alloc(5)),
          frame(0xfa, 0xff, 9, Buffer.alloc(77)),
          frame(TYPE.data, FLAG.endStream, 1),
        ),
        received(
          frame(TYPE.headers, FLAG.endHeaders, 1, literal(':status', '103')),
          frame(TYPE.headers, FLAG.endHeaders, 1, statusBlock),
          frame(TYPE.data, 0, 1, Buffer.alloc(1000)),
          frame(TYPE.headers, both, 1, literal('grpc-status', '0')),
          frame(TYPE.goaway, 0, 0, Buffer.alloc(8)),
        ),
      ],
      ['POST https://api.example.org/a -> 200, 3 up, 1000 down'],
    ],
    [
      'streams that are reset by either side',
      [
        sent(
          frame(TYPE.headers, FLAG.endHeaders, 1, requestBlock('/1')),
          frame(TYPE.headers, both, 3, requestBlock('/3')),
          frame(TYPE.reset, 0, 1, Buffer.alloc(4)),
        ),
        received(frame(TYPE.reset, 0, 3, Buffer.alloc(4))),
      ],
      [
        'GET https://api.example.org/1 -> null, 0 up, 0 down',
        'GET https://api.example.org/3 -> null, 0 up, 0 down',
      ],
    ],
    [
      'a promise is no request, but its block counts',
      [
        sent(frame(TYPE.headers, both, 1, requestBlock('/1'))),
        received(
          frame(
            TYPE.push,
            FLAG.endHeaders,
            1,
            Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from([0x48, 3]), Buffer.from('418')]),
          ),
          frame(TYPE.headers, both, 1, Buffer.from([0xbe])),
        ),
      ],
      ['GET https://api.example.org/1 -> 418, 0 up, 0 down'],
    ],
  ])('%s', (_, pieces, lines) => {
    const all = [start(), received(settings), ...pieces]
    const seen = decode(all)
    expect(seen.lines).toEqual(lines)
    expect(seen).toMatchObject({ opaque: null, held: 0 })
    expect(seen.ended).toHaveLength(lines.length)
    for (const size of [1, 2, 5, 11])
      expect(decode(cut(all, () => size)), `in pieces of ${size}`).toMatchObject({
        lines,
        opaque: null,
        held: 0,
      })
  })

  test('a "#" ends no path', () => {
    const block = requestBlock('/repos/acme/x#/../../../evil?secret')
    const seen = decode([start(), sent(frame(TYPE.headers, both, 1, block))])
    expect(seen.exchanges[0]?.head.path).toBe('/repos/acme/x#/../../../evil')
  })

  test('a server that speaks first', () => {
    const seen = decode([
      received(settings),
      start(),
      sent(frame(TYPE.headers, both, 1, requestBlock('/a'))),
      received(frame(TYPE.headers, both, 1, statusBlock)),
    ])
    expect(seen.lines).toEqual(['GET https://api.example.org/a -> 200, 0 up, 0 down'])
  })

  test('a program that serves is not asking, also when it speaks first', () => {
    const seen = decode([
      sent(settings),
      received(PREFACE, settings, frame(TYPE.headers, both, 1, requestBlock('/a'))),
    ])
    expect(seen).toMatchObject({ lines: [], opaque: null })
  })
})

describe('what cannot be read is said to be opaque', () => {
  const headers = frame(TYPE.headers, 0, 1, requestBlock('/a'))
  test.each([
    [
      'a frame amid a header block',
      [headers, frame(TYPE.ping, 0, 0, Buffer.alloc(8))],
      'malformed',
    ],
    [
      'a CONTINUATION of another stream',
      [headers, frame(TYPE.continuation, 4, 3, Buffer.alloc(1))],
      'malformed',
    ],
    ['a CONTINUATION of nothing', [frame(TYPE.continuation, 4, 1)], 'malformed'],
    ['a request on stream 0', [frame(TYPE.headers, both, 0, requestBlock('/a'))], 'malformed'],
    [
      'two paths',
      [frame(TYPE.headers, both, 1, Buffer.concat([requestBlock('/a'), literal(':path', '/b')]))],
      'malformed',
    ],
    [
      'a host beside another authority',
      [
        frame(
          TYPE.headers,
          both,
          1,
          Buffer.concat([requestBlock('/a'), literal('host', 'other.example.org')]),
        ),
      ],
      'malformed',
    ],
    ...[' ', '\r\n', '\0', '\t', '\x7f'].map((odd): [string, Buffer[], string] => [
      `${JSON.stringify(odd)} in a query`,
      [frame(TYPE.headers, both, 1, requestBlock(`/a?b${odd}c`))],
      'malformed',
    ]),
    [
      'a request line in a method',
      [frame(TYPE.headers, both, 1, requestBlock('/a', 'GET /evil HTTP/1.1\r\nX:'))],
      'malformed',
    ],
    [
      'a transfer coding',
      [
        frame(
          TYPE.headers,
          both,
          1,
          Buffer.concat([requestBlock('/a'), literal('transfer-encoding', 'chunked')]),
        ),
      ],
      'malformed',
    ],
    ['a request without a method', [frame(TYPE.headers, both, 1, statusBlock)], 'malformed'],
    [
      'more padding than payload',
      [frame(TYPE.data, FLAG.padded, 1, Buffer.from([9, 1, 2]))],
      'malformed',
    ],
    [
      'more padding than a header block',
      [frame(TYPE.headers, FLAG.padded | both, 1, Buffer.from([200, 0x82, 0x87]))],
      'malformed',
    ],
    ['a wrong HPACK index', [frame(TYPE.headers, both, 1, Buffer.from([0xff, 0xff]))], 'malformed'],
    [
      'a header block without end',
      [
        headers,
        ...Array.from({ length: 70 }, () => frame(TYPE.continuation, 0, 1, Buffer.alloc(1000))),
      ],
      'limits',
    ],
    ['a frame of 16 MiB of headers', [frame(TYPE.headers, 0, 1, Buffer.alloc(0xffffff))], 'limits'],
  ])('%s', (_, frames, reason) => {
    const seen = decode([start(), sent(...frames), received(settings)])
    expect(seen).toMatchObject({ lines: [], opaque: { reason }, held: 0 })
    expect(seen.opaque?.bytesSent).toBeGreaterThan(0)
    // The other direction stays known.
    expect(seen.opaque?.bytesReceived).toBe(0)
  })

  test('after a loss nothing is believed', () => {
    const later = sent(frame(TYPE.headers, both, 3, requestBlock('/3')))
    later.lost = true
    const seen = decode([start(), sent(frame(TYPE.headers, both, 1, requestBlock('/1'))), later])
    expect(seen.exchanges.map(({ head }) => head.path)).toEqual(['/1'])
    expect(seen.opaque).toMatchObject({ reason: 'lost', bytesSent: later.size })
    expect(seen.ended).toHaveLength(1)
  })

  test('a call of which a head was not captured', () => {
    const pieces = [start(), sent(frame(TYPE.headers, both, 1, requestBlock('/1')))]
    expect(decode(captured(pieces, 40))).toMatchObject({ lines: [], opaque: { reason: 'cut' } })
  })

  test('responses out of sight: requests go on, with no status', () => {
    const wrong = received(frame(TYPE.headers, both, 1, Buffer.from([0xff, 0xff])))
    const seen = decode([
      start(),
      received(settings),
      sent(frame(TYPE.headers, both, 1, requestBlock('/1'))),
      wrong,
      sent(frame(TYPE.headers, both, 3, requestBlock('/3'))),
    ])
    expect(seen.lines).toEqual([
      'GET https://api.example.org/1 -> null, 0 up, 0 down',
      'GET https://api.example.org/3 -> null, 0 up, 0 down',
    ])
    expect(seen.ended).toHaveLength(2)
    expect(seen.opaque).toMatchObject({ bytesSent: 0, bytesReceived: wrong.size })
  })
})

test('a request in place of trailers is malformed', () => {
  const frames = [1, 3, 1].map((id) => frame(TYPE.headers, both, id, requestBlock('/a')))
  const seen = decode([start(), sent(...frames)])
  expect([seen.opaque?.reason, seen.exchanges.length]).toEqual(['malformed', 2])
})

const open = (id: number): Piece =>
  sent(frame(TYPE.headers, FLAG.endHeaders, id, requestBlock('/grpc', 'POST')))
const trailers = (id: number): Piece => sent(frame(TYPE.headers, both, id, literal('x-sum', '1')))

test('trailers of a request that is followed no more are no request', () => {
  const reset = received(frame(TYPE.reset, 0, 1, Buffer.alloc(4)))
  const many = Array.from({ length: MAX_STREAMS + 1 }, (_, i) => open(2 * i + 3))
  const seen = decode([start(), open(1), reset, trailers(1), ...many, trailers(3)])
  expect(seen.opaque).toBe(null)
  expect(seen.exchanges).toHaveLength(MAX_STREAMS + 2)
})

test.each([
  ['upgraded', [literal(':protocol', 'websocket')]],
  ['tunnel', []],
])('a stream becomes a tunnel: %s', (reason, fields) => {
  const block = Buffer.concat([requestBlock('/chat', 'CONNECT'), ...fields])
  const seen = decode([
    start(),
    sent(frame(TYPE.headers, FLAG.endHeaders, 1, block)),
    sent(frame(TYPE.data, 0, 1, Buffer.from('hello'))),
    sent(frame(TYPE.headers, both, 3, requestBlock('/other'))),
  ])
  expect(seen.opaque?.reason).toBe(reason)
  expect(seen.exchanges.map(({ head }) => `${head.method} ${head.path}`)).toEqual([
    'CONNECT /chat',
    'GET /other',
  ])
})

test('streams without end are told when there are too many', () => {
  const pieces = [start()]
  for (let id = 1; id < MAX_STREAMS * 6; id += 2)
    pieces.push(sent(frame(TYPE.headers, FLAG.endHeaders, id, requestBlock('/open'))))
  const seen = decode(pieces)
  expect(seen.exchanges).toHaveLength(MAX_STREAMS * 3)
  expect(seen.ended).toHaveLength(MAX_STREAMS * 3)
})

test('500 requests of Node on one connection, with uploads up to 96 KiB, resets and trailers', async () => {
  await using server = await http2Server((stream, headers) => {
    const index = Number(headers['x-index'])
    stream.resume().on('end', () => {
      stream.respond({ ':status': 200 + (index % 2), 'x-unique': `v${index}` })
      stream.end('r'.repeat(index * 5))
    })
  })
  await using tap = await Tap.before(server.port)
  const client = http2.connect(`http://127.0.0.1:${tap.port}`, { maxSessionMemory: 1000 })
  await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const stream = client.request({
        ':method': 'POST',
        ':path': `/marker/${index}?secret=${index}`,
        ':authority': 'api.example.org',
        ':scheme': 'https',
        authorization: 'Bearer ghs_secret',
        'x-index': index,
        'x-changing': `value-${index}`,
      })
      stream.end(Buffer.alloc(index * 196))
      stream.resume()
      await once(stream, 'end')
    }),
  )
  client.close()
  await once(client, 'close')
  const expected = Array.from(
    { length: 500 },
    (_, index) =>
      `POST https://api.example.org/marker/${index} -> ${200 + (index % 2)}, ${index * 196} up, ${index * 5} down`,
  ).toSorted()
  const [pieces = []] = tap.connections
  for (const size of [1 << 20, 1337]) {
    const seen = decode(cut(pieces, () => size))
    expect(seen.opaque).toBe(null)
    expect(seen.lines.toSorted()).toEqual(expected)
    expect(seen.ended).toHaveLength(500)
    expect(seen.exchanges.every(({ head }) => head.authorization === 'installation')).toBe(true)
    expect(JSON.stringify(seen.exchanges)).not.toMatch(/secret|value-/)
    expect(seen.held).toBe(0)
  }
})
