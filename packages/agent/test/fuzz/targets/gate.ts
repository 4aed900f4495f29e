import type { Decision } from '@runwarden/policy'
import type { TlsOffer } from '@runwarden/sensor'
import { Budget } from '../../../src/https/budget.ts'
import { type GateParts, RequestGate } from '../../../src/https/gate.ts'
import { HttpSession } from '../../../src/https/session.ts'
import { PREFACE } from '../../../src/https/http2/connection.ts'
import { FLAG, frame, requestBlock, TYPE } from '../../https/frames.ts'
import { must, order, type Target } from '../target.ts'

// That of requestBlock.
const ruled = 'api.example.org'
const HEAD = 4
/** No process has it: nobody is signalled. */
const nobody = 0x7fffffff

const decided = (verdict: Decision['verdict']): Decision => ({
  verdict,
  reason: `${verdict} by rule`,
  rule: null,
})

interface Piece {
  data: Buffer
  /** Bytes of the offer before that were not sent: they are offered again. */
  unsent: number
  goesOn: boolean
}

/** Offers of one connection: before each what of the one before was not sent (in eighths), whether it goes on, its length. */
function piecesOf(input: Buffer): Piece[] {
  const pieces: Piece[] = []
  for (let at = 0; at + HEAD <= input.length;) {
    const data = input.subarray(at + HEAD, at + HEAD + input.readUInt16BE(at + 2))
    const before = pieces.at(-1)?.data.length ?? 0
    const unsent = Math.floor((before * ((input[at] ?? 0) & 7)) / 8)
    pieces.push({ data, unsent, goesOn: ((input[at + 1] ?? 0) & 3) === 3 })
    at += HEAD + data.length
  }
  return pieces
}

interface Outcome {
  /** Why it was ended; null: it was not. */
  refused: string | null
  /** Bytes that may leave towards hosts with rules. */
  granted: bigint
  offered: number
  allowed: number
  freed: boolean
}

/** What becomes of a connection whose process goes on until it is ended. */
function outcome(pieces: readonly Piece[]): Outcome {
  const family = Buffer.from('family..')
  const grants = new Map<string, Buffer>()
  const result: Outcome = { refused: null, granted: 0n, offered: 0, allowed: 0, freed: false }
  const budget = new Budget(1 << 22)
  const parts: GateParts = {
    grants: {
      get: (key) => grants.get(key.toString()),
      set: (key, value) => void grants.set(key.toString(), Buffer.from(value)),
    } as GateParts['grants'],
    endUngranted: () => {
      result.refused ??= 'ended'
    },
    read: (chunk) => {
      session.push(chunk)
      return session
    },
    asks: () => {},
    free: () => {
      result.freed = true
    },
    learn: () => {},
    forget: () => void forgotten++,
    refused: (_offer, _host, why) => {
      result.refused = why
    },
  }
  let forgotten = 0
  const gate = new RequestGate(parts)
  const session = new HttpSession(
    {
      request: ({ head }) => {
        const allowed = head.method === 'GET' && head.path === '/ok'
        const verdict = allowed ? 'allowed' : 'blocked'
        const found = gate.found(head.host, head.host === ruled ? decided(verdict) : null)
        must(found, 'what is read here is about to be sent')
        if (head.host === ruled && allowed) result.allowed++
      },
      response: () => {},
    },
    budget,
  )
  let sent = 0
  for (const [i, { data, unsent, goesOn }] of pieces.entries()) {
    const before = pieces[i - 1]
    if (before !== undefined && !before.goesOn) sent += before.data.length - unsent
    const offer: TlsOffer = {
      time: i,
      execId: 'one',
      pid: nobody,
      start: 1n,
      family,
      library: 'openssl',
      session: 7n,
      data: Buffer.from(data),
      size: data.length,
      sent,
      goesOn: goesOn && i + 1 < pieces.length,
      allowed: false,
    }
    result.offered += data.length
    gate.offer(offer)
    result.granted = grants.get(family.toString())?.readBigUInt64LE(0) ?? 0n
    if (result.refused !== null || result.freed) break
  }
  gate.exited('one')
  must(forgotten === Math.min(1, pieces.length), 'the kernel forgets its connection')
  session.end()
  must(budget.free === 1 << 22, 'all that was held is given back')
  return result
}

function connection(...texts: (string | Buffer)[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
      const head = Buffer.alloc(HEAD)
      head.writeUInt16BE(bytes.length, 2)
      return [head, bytes]
    }),
  )
}

const get = (path: string, host = ruled): string => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`

/** What a program is about to send to a host with HTTPS rules: nothing of a request that none allows is granted. */
export const gate: Target = {
  name: 'gate',
  seeds: () => [
    connection(get('/ok'), get('/ok'), get('/no')),
    connection(
      get('/ok').slice(0, 20),
      get('/ok').slice(20),
      `POST /ok HTTP/1.1\r\nHost: ${ruled}\r\n\r\n`,
    ),
    connection(get('/a', 'b.example.org'), get('/ok')),
    connection(
      `PUT /x HTTP/1.1\r\nHost: b.example.org\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    ),
    connection(
      Buffer.concat([
        PREFACE,
        frame(TYPE.settings, 0, 0),
        frame(TYPE.headers, FLAG.endHeaders | 1, 1, requestBlock('/ok')),
      ]),
      frame(TYPE.headers, FLAG.endHeaders | 1, 3, requestBlock('/no')),
    ),
    connection(`GET /ok HTTP/1.1\r\nHost: ${ruled}\r\nUpgrade: websocket\r\n\r\n`, 'xyz'),
  ],
  words: [
    '\r\n',
    '\r\n\r\n',
    get('/ok'),
    get('/no'),
    get('/a', 'b.example.org'),
    'Host: ',
    'Transfer-Encoding: chunked\r\n',
    'Content-Length: 9\r\n',
    '0\r\n\r\n',
    frame(TYPE.headers, 5, 5, requestBlock('/ok')).toString('latin1'),
    frame(TYPE.headers, 5, 5, requestBlock('/no')).toString('latin1'),
  ],
  run: (input) => {
    const pieces = piecesOf(input)
    const one = outcome(pieces)
    if (one.allowed === 0) must(one.granted === 0n, 'nothing is granted where nothing is allowed')
    must(one.granted <= BigInt(one.offered), 'no more is granted than was offered')
    if (pieces.every(({ unsent, goesOn }) => unsent === 0 && !goesOn)) {
      const bytes = pieces.flatMap(({ data }) =>
        [...data].map((byte) => ({ data: Buffer.of(byte), unsent: 0, goesOn: false })),
      )
      const again = outcome(bytes)
      must(
        (again.refused === null) === (one.refused === null) || one.freed || again.freed,
        `the same in pieces of one byte: ${one.refused} and ${again.refused}`,
      )
    }
    const why = (one.refused ?? 'goes on').replaceAll(/with .* asked for .*/gs, 'asked for another')
    return `${why} ${one.freed} ${order(one.allowed)} ${order(Number(one.granted))} ${pieces.some(({ unsent }) => unsent > 0)}`
  },
}
