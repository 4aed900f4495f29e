import { MAX_PATH } from '../../../src/https/limits.ts'
import { PREFACE } from '../../../src/https/http2/connection.ts'
import { FLAG, frame, literal, requestBlock, statusBlock, TYPE } from '../../https/frames.ts'
import type { Piece } from '../../https/record.ts'
import { cut, decode, type Seen } from '../../https/seen.ts'
import { must, order, type Target } from '../target.ts'

const HEAD = 4

/**
 * An input is a connection: before each piece its flags (1: received, 2: some were lost before), how many bytes behind
 * it were not captured, and its length in two bytes.
 */
function piecesOf(input: Buffer): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at + HEAD <= input.length;) {
    const flags = input[at] ?? 0
    const data = input.subarray(at + HEAD, at + HEAD + input.readUInt16BE(at + 2))
    pieces.push({
      direction: (flags & 1) === 0 ? 'sent' : 'received',
      data,
      size: data.length + (input[at + 1] ?? 0),
      time: pieces.length + 1,
      lost: (flags & 2) !== 0,
    })
    at += HEAD + data.length
  }
  return pieces
}

/** Pieces of text: `>` sent, `<` received. */
function connection(...parts: (string | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const text = typeof part === 'string' ? Buffer.from(part, 'latin1') : part
      const head = Buffer.from([text[0] === 0x3c ? 1 : 0, 0, 0, 0])
      head.writeUInt16BE(text.length - 1, 2)
      return [head, text.subarray(1)]
    }),
  )
}

function check(input: Buffer): string {
  const pieces = piecesOf(input)
  const seen = decode(pieces)
  must(seen.held === 0, 'all that was held was given back')
  must(seen.ended.length === seen.exchanges.length, 'every request is told to its end')
  must(new Set(seen.ended).size === seen.ended.length, 'and once')
  for (const { head, status, requestBytes, responseBytes } of seen.exchanges) {
    must(!head.path.includes('?'), 'no query')
    must(Buffer.byteLength(head.path) <= MAX_PATH * 3, 'a path of bounded length')
    must(head.method.length <= 40 && head.host.length <= 300, 'a method and host of bounded length')
    must(status === null || (status >= 200 && status <= 999) || status === 101, 'a status')
    must(requestBytes >= 0 && responseBytes >= 0, 'sizes')
  }
  if (pieces.every(({ data, size, lost }) => data.length === size && !lost)) {
    const again = decode(cut(pieces, () => 1))
    must(again.lines.join('\n') === seen.lines.join('\n'), 'the same in pieces of one byte')
    must(again.opaque?.reason === seen.opaque?.reason, 'opaque for the same reason, too')
  }
  return answer(seen)
}

function answer({ exchanges, opaque }: Seen): string {
  const statuses = exchanges.map(({ status }) => (status === null ? '-' : Math.floor(status / 100)))
  const bodies = exchanges.map(
    ({ requestBytes, responseBytes }) => `${order(requestBytes)}/${order(responseBytes)}`,
  )
  return `${opaque?.reason} ${statuses.slice(0, 4).join()} ${bodies.slice(0, 2).join()} ${order(exchanges.length)}`
}

const post = (framing: string, body: string): string =>
  `>POST /p?q HTTP/1.1\r\nHost: a.example.org\r\n${framing}\r\n\r\n${body}`

export const http1: Target = {
  name: 'http1',
  seeds: () => [
    connection(
      '>GET /x?token=secret HTTP/1.1\r\nHost: a.example.org\r\nAuthorization: Bearer ghs_x\r\n\r\n',
      '<HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    ),
    connection(
      post('Transfer-Encoding: chunked', '5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n'),
      '<HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
      post('Content-Length: 3', 'abc'),
      '<HTTP/1.1 304 Same\r\n\r\n',
    ),
    connection(
      '>CONNECT b.example.org:443 HTTP/1.1\r\nHost: b\r\n\r\n',
      '<HTTP/1.1 200 OK\r\n\r\nxyz',
    ),
    connection(
      '>GET /ws HTTP/1.1\r\nHost: b\r\nUpgrade: websocket\r\n\r\n',
      '<HTTP/1.1 101 Switching\r\n\r\nxyz',
    ),
    // A body of which the end was not captured, and a request after a loss.
    Buffer.concat([
      Buffer.from([0, 100, 0, 38]),
      Buffer.from('PUT / HTTP/1.1\r\nContent-Length: 100\r\n\r\n'),
      Buffer.from([2, 0, 0, 18]),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]),
  ],
  words: [
    '\r\n',
    '\r\n\r\n',
    'GET /',
    ' HTTP/1.1\r\n',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 204 \r\n',
    'HEAD ',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Host: ',
    '0\r\n\r\n',
    'ffffffffffff',
    'http://',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ],
  run: check,
}

const headers = (stream: number, block: Buffer, flags = FLAG.endHeaders): Buffer =>
  frame(TYPE.headers, flags, stream, block)

export const http2: Target = {
  name: 'http2',
  seeds: () => {
    const start = Buffer.concat([Buffer.from('>'), PREFACE, frame(TYPE.settings, 0, 0)])
    const got = Buffer.from('<')
    return [
      connection(
        Buffer.concat([start, headers(1, requestBlock('/a?secret'), 5)]),
        Buffer.concat([got, frame(TYPE.settings, 0, 0), headers(1, statusBlock, 5)]),
      ),
      connection(
        Buffer.concat([
          start,
          headers(1, requestBlock('/b', 'POST').subarray(0, 9), 0),
          frame(TYPE.continuation, 4, 1, requestBlock('/b', 'POST').subarray(9)),
          frame(TYPE.data, FLAG.padded | 1, 1, Buffer.from([2, 65, 66, 0, 0])),
          headers(3, Buffer.from([0x82, 0x87, 0x44, 2, 0x2f, 0x78, 0x41, 1, 0x61]), 5),
          headers(5, Buffer.from([0x82, 0x87, 0xbe, 0xbf]), 5),
        ]),
        Buffer.concat([
          got,
          headers(1, literal(':status', '103')),
          frame(TYPE.push, 4, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), statusBlock])),
          headers(1, statusBlock),
          frame(TYPE.data, 1, 1, Buffer.alloc(40)),
          frame(TYPE.reset, 0, 3, Buffer.alloc(4)),
          frame(TYPE.goaway, 0, 0, Buffer.alloc(8)),
        ]),
      ),
    ]
  },
  words: [
    frame(TYPE.data, 1, 1).toString('latin1'),
    frame(TYPE.headers, 5, 7, requestBlock('/w')).toString('latin1'),
    frame(TYPE.headers, 5, 1, statusBlock).toString('latin1'),
    frame(TYPE.continuation, 4, 1).toString('latin1'),
    frame(TYPE.reset, 0, 1, Buffer.alloc(4)).toString('latin1'),
    '\x3f\xe1\x1f',
    '\x20',
    PREFACE.toString('latin1'),
  ],
  run: check,
}
