import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CompiledPolicy, compile, decideRequest } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { startTlsCapture, type TlsOffer } from '@runwarden/sensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cgroupRoot, runIn } from '../../../sensor/test/observed.ts'
import { Budget } from '../../src/https/budget.ts'
import { KernelRules } from '../../src/https/kernel-rules.ts'
import { HttpSession } from '../../src/https/session.ts'

const policy = `version: 1
egress: block
allow:
  - { https: api.example.com, methods: [GET, HEAD], paths: ["/repos/acme/**", "/users/*", "/v*/r-*.tgz", "/"] }
  - { https: api.example.com, methods: [POST, PUT], paths: ["/repos/*/issues", "/graphql"] }
  - { https: api.example.com, methods: [DELETE], paths: ["/a/**/z"] }
  - { https: "api.example.com:8443", paths: ["/users/*"] }
  - { https: all.example.com }
  - { https: gets.example.com, methods: [GET] }
  - { https: "*.wild.example.com", paths: [/ok] }
  - "*.example.com"
`

/** Of a connection; `sent`: what the library says, where it is not all of it. */
interface Write {
  text: string
  sent?: number
}
type Connection = readonly (string | Write)[]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-writes-'))
  execFileSync('gcc', ['-O2', '-o', join(folder, 'writes'), join(import.meta.dirname, 'writes.c')])
})
afterAll(() => rmSync(folder, { recursive: true }))

const compiledOf = (text: string): CompiledPolicy => compile(parsePolicy(text, 'policy.yml'))
const compiled = compiledOf(policy)

const bytesOf = (write: string | Write): Buffer =>
  Buffer.from(typeof write === 'string' ? write : write.text, 'latin1')

/** Makes the writes. @returns of each connection which of its writes the kernel allowed */
async function allowedOf(
  connections: readonly Connection[],
  options: {
    known?: readonly string[]
    between?: (offers: number, rules: KernelRules) => void
  } = {},
): Promise<boolean[][]> {
  const cgroup = mkdtempSync(join(cgroupRoot(), 'runwarden-writes-'))
  const program = join(folder, 'writes')
  const allowed = connections.map((): boolean[] => [])
  let count = 0
  try {
    using capture = startTlsCapture({
      scopeCgroup: cgroup,
      places: [program],
      onContent: (content) => {
        for (const one of content) {
          if (!('goesOn' in one) || one.goesOn) continue
          allowed[Number(one.session) - 4096]?.push(one.allowed)
          options.between?.(++count, rules)
          if (!one.allowed) goOn(one)
        }
      },
    })
    const rules = new KernelRules(capture.rules)
    rules.follow(compiled)
    for (const host of options.known ?? []) rules.learn(host)
    capture.hold(true)
    const file = join(folder, 'cases')
    writeFileSync(file, encode(connections))
    const ended = await runIn(cgroup, [program, file], { cwd: folder, env: {} })
    capture.drain()
    expect(ended).toMatchObject({ status: 0 })
    expect(capture.lost()).toMatchObject({ offers: 0, chunks: 0 })
    capture.hold(false)
  } finally {
    rmdirSync(cgroup)
  }
  return allowed
}

function goOn({ pid }: TlsOffer): void {
  process.kill(pid, 'SIGCONT')
}

function encode(connections: readonly Connection[]): Buffer {
  const parts: Buffer[] = []
  for (const [i, connection] of connections.entries())
    for (const write of connection) {
      const bytes = bytesOf(write)
      const head = Buffer.alloc(12)
      head.writeUInt32LE(i, 0)
      head.writeUInt32LE(bytes.length, 4)
      const sent = typeof write === 'string' ? bytes.length : (write.sent ?? bytes.length)
      head.writeInt32LE(sent, 8)
      parts.push(head, bytes)
    }
  return Buffer.concat(parts)
}

/** What user space says of the same writes, all of which were sent: whether each is allowed. */
function decidedOf(connection: Connection): boolean[] {
  let refused = false
  let host: string | null = null
  const session = new HttpSession(
    {
      request: ({ head }) => {
        const decision = decideRequest(compiled, head)
        refused ||= decision !== null && decision.verdict !== 'allowed'
        refused ||= host !== null && host !== head.host
        host = head.host
      },
      response: () => {},
    },
    new Budget(),
  )
  return connection.map((write) => {
    const data = bytesOf(write)
    session.push({ direction: 'sent', data, size: data.length, time: 0, lost: false })
    return !refused && session.opaque === null
  })
}

const head = (line: string, ...fields: string[]): string =>
  [`${line} HTTP/1.1`, ...fields, '', ''].join('\r\n')
const api = 'Host: api.example.com'
const get = (path: string, ...fields: string[]): string => head(`GET ${path}`, api, ...fields)

const post = (length: number): string => head('POST /graphql', api, `Content-Length: ${length}`)
const twice = (host: string): Connection => [
  head('GET /ok', `Host: ${host}`),
  head('GET /ok', `Host: ${host}`),
]

describe('the kernel allows by itself', () => {
  const cases: Record<string, Connection> = {
    'below a path': [get('/repos/acme/shop/pulls?state=open&x=%41#'.slice(0, -1))],
    'the path itself, and one with a slash behind': [get('/repos/acme'), get('/repos/acme/')],
    'a star for a segment': [get('/users/somebody')],
    'stars within segments': [get('/v1.2/r-1-r-2.tgz.tgz')],
    'the root': [get('/')],
    'another method': [head('HEAD /users/a', api)],
    'fields of all kinds': [
      get(
        '/users/a',
        'Accept: */*',
        'X-Empty:',
        'Authorization: Bearer \xff~',
        'If-None-Match: "a"',
      ),
    ],
    'a port': [
      head('GET /users/a', 'Host: api.example.com:443'),
      head('GET /users/a', `${api}:443`),
    ],
    'a host of which all is allowed': [
      head('PATCH /any', 'Host: all.example.com', 'Content-Length: 0'),
    ],
    'a host of which a method is allowed': [head('GET /any/~thing', 'Host: gets.example.com')],
    'many on one connection': Array.from({ length: 50 }, (_, i) => get(`/users/${i}`)),
    'a body in the same write': [
      `${head('POST /repos/acme/issues', api, 'Content-Length: 5')}12345`,
      get('/users/a'),
    ],
    'a body in writes of its own': [
      head('PUT /repos/acme/issues', api, 'CONTENT-LENGTH: 40000'),
      'x'.repeat(20000),
      'y'.repeat(20000),
      get('/users/a'),
    ],
    'a body of which a part is in the same write': [
      `${head('POST /graphql', api, 'content-length: 30')}{"query":`,
      'x'.repeat(21),
      get('/users/a'),
    ],
    'a request inside of a body': [
      head('PUT /repos/acme/issues', api, `Content-Length: ${get('/evil').length}`),
      get('/evil'),
    ],
    'a write that is made again, as nothing was sent': [
      { text: get('/users/a'), sent: -1 },
      { text: get('/users/a'), sent: -1 },
      get('/users/a'),
      get('/users/b'),
    ],
    'the rest of a body that was cut, made again and changed': [
      head('PUT /repos/acme/issues', api, 'Content-Length: 20'),
      { text: 'x'.repeat(20), sent: 5 },
      { text: 'y'.repeat(15), sent: -1 },
      { text: 'z'.repeat(10), sent: 4 },
      'abcdef12345',
      get('/users/a'),
    ],
    'a body again that was cut behind its head': [
      {
        text: `${head('POST /graphql', api, 'Content-Length: 9')}{"query":`,
        sent: head('POST /graphql', api, 'Content-Length: 9').length + 2,
      },
      'query":',
      get('/users/a'),
    ],
    'a body again that is sent by a call without any': [
      head('PUT /repos/acme/issues', api, 'Content-Length: 6'),
      { text: 'abcdef', sent: -1 },
      { text: '', sent: 6 },
      get('/users/a'),
    ],
    'a body that is made again': [
      head('PUT /repos/acme/issues', api, 'Content-Length: 6'),
      { text: 'abcdef', sent: -1 },
      'abcdef',
      get('/users/a'),
    ],
    'a connection at the address of one that has ended': [
      get('/users/a'),
      '',
      'hello',
      '',
      get('/users/a'),
    ],
    'a long head': [
      get('/users/a', ...Array.from({ length: 60 }, (_, i) => `X-${i}: ${'v'.repeat(50)}`)),
    ],
  }

  let all: boolean[][]
  beforeAll(async () => {
    all = await allowedOf(Object.values(cases))
  })

  test.each(Object.entries(cases))('%s', (name, connection) => {
    const allowed = all[Object.keys(cases).indexOf(name)] ?? []
    const writes = connection.filter((write) => bytesOf(write).length > 0)
    expect(allowed).toEqual(writes.map((write) => write !== 'hello'))
    if (!name.includes('again') && !name.includes('address'))
      expect(decidedOf(connection)).toEqual(allowed)
  })
})

describe('user space decides', () => {
  const cases: Record<string, Connection> = {
    'a path that no line allows': [get('/evil')],
    'a path that begins as an allowed one': [get('/repos/acmes')],
    'a star and a slash': [get('/users/a/b')],
    'a pattern that is not of the form': [head('DELETE /a/b/z', api)],
    'another method': [head('DELETE /users/a', api)],
    'a method in small letters': [head('get /users/a', api)],
    'a method that is none of the common': [head('PROPFIND /', 'Host: all.example.com')],
    dots: [get('/repos/acme/../../evil')],
    'a segment that begins with a dot': [get('/repos/acme/.git')],
    escapes: [get('/repos/acme/%2e%2e/evil')],
    'empty segments': [get('/repos/acme//evil')],
    'a backslash': [get('/repos/acme\\..\\evil')],
    'a fragment': [get('/users/a#/b')],
    'a fragment behind a query': [get('/users/a?b#/c')],
    'an absolute target': [head('GET https://api.example.com/users/a', api)],
    'HTTP/1.0': [get('/users/a').replace('HTTP/1.1', 'HTTP/1.0')],
    'another version': [get('/users/a').replace('HTTP/1.1', 'HTTP/1.2')],
    'two blanks': [get('/users/a').replace(' HTTP', '  HTTP')],
    'a line end without CR': [get('/users/a').replace('\r\n', '\n')],
    'a CR alone': [get('/users/a', 'X: a\rb')],
    'a NUL': [get('/users/a', 'X: a\0b')],
    'a DEL': [get('/users/a', 'X: a\x7fb')],
    'a line that goes on': [get('/users/a', 'X: a', ' b')],
    'a head that ends without CR': [`${get('/users/a').slice(0, -2)}\n`],
    'a field that ends without CR': [get('/users/a', 'X: y\nContent-Length: 64')],
    'a blank before a colon': [head('GET /users/a', 'Host : api.example.com')],
    'a field without a name': [get('/users/a', ': a')],
    'a field without a colon': [get('/users/a', 'X')],
    'no host': [head('GET /users/a')],
    'an empty host': [head('GET /users/a', 'Host: ')],
    'two hosts': [get('/users/a', api)],
    'a host in capitals': [head('GET /users/a', 'Host: API.example.com')],
    'a host with a dot behind': [head('GET /users/a', 'Host: api.example.com.')],
    'a host with more behind': [head('GET /users/a', 'Host: api.example.com evil')],
    'a user in the host': [head('GET /users/a', 'Host: a@api.example.com')],
    'a port that is none': [head('GET /users/a', `${api}:`)],
    'a port without rules': [head('GET /users/a', `${api}:8444`)],
    'a port that nothing has connected to': [head('GET /users/a', `${api}:8443`)],
    'a long host': [head('GET /users/a', `Host: ${'a'.repeat(70)}.example.com`)],
    'a host that is not known': [head('GET /users/a', 'Host: other.example.com')],
    'two lengths': [head('POST /graphql', api, 'Content-Length: 1', 'Content-Length: 1')],
    'a list of lengths': [head('POST /graphql', api, 'Content-Length: 1, 1')],
    'a length that is octal to some': [head('POST /graphql', api, 'Content-Length: 010')],
    'a length with a blank before its colon': [head('POST /graphql', api, 'Content-Length : 1')],
    'a length behind a tab': [head('POST /graphql', api, 'Content-Length:\t1')],
    'a length with a blank behind': [head('POST /graphql', api, 'Content-Length: 1 ')],
    'another coding': [head('POST /graphql', api, 'Transfer-Encoding: chunked, identity')],
    'a coding behind a tab': [head('POST /graphql', api, 'Transfer-Encoding:\txchunked')],
    'a length that is none': [head('POST /graphql', api, 'Content-Length: +1')],
    'a length without end': [head('POST /graphql', api, `Content-Length: ${'1'.repeat(20)}`)],
    chunks: [head('POST /graphql', api, 'Transfer-Encoding: chunked')],
    'an upgrade': [get('/users/a', 'Upgrade: websocket')],
    'half a head': [get('/users/a').slice(0, -2)],
    'a head that is too long': [
      get('/users/a', ...Array.from({ length: 90 }, () => `X: ${'v'.repeat(50)}`)),
    ],
    'a path that is too long': [get(`/repos/acme/${'a'.repeat(2040)}`)],
    pipelined: [get('/users/a') + get('/users/b')],
    'more than its body': [
      `${head('POST /graphql', api, 'Content-Length: 2')}{}${get('/users/a')}`,
    ],
    'HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    'no HTTP': ['hello'],
  }

  let all: boolean[][]
  beforeAll(async () => {
    all = await allowedOf(Object.values(cases))
  })

  test.each(Object.keys(cases))('%s', (name) => {
    expect(all[Object.keys(cases).indexOf(name)]).toEqual([false])
  })

  test('all that follows what it alone could read', async () => {
    const after = (first: string): Connection => [first, get('/users/a'), get('/users/a')]
    const firsts = [get('/users/a') + get('/users/b'), 'hello', get('/users/a').slice(0, 20)]
    for (const allowed of await allowedOf(firsts.map(after)))
      expect(allowed).toEqual([false, false, false])
  })

  test('a request that no rule allows, but not what follows it; of one that the kernel could not read, that too', async () => {
    expect(await allowedOf([[get('/repos/acme/.git'), get('/evil'), get('/users/a')]])).toEqual([
      [false, false, false],
    ])
    expect(await allowedOf([[get('/evil'), get('/users/a')]])).toEqual([[false, true]])
  })

  test('another host on the same connection, and all that follow', async () => {
    const all = head('GET /', 'Host: all.example.com')
    expect(await allowedOf([[get('/users/a'), all, get('/users/a')]])).toEqual([
      [true, false, false],
    ])
    const port = head('GET /users/a', `${api}:8443`)
    expect(await allowedOf([[get('/users/a'), port]])).toEqual([[true, false]])
  })

  test('a host until it is known, with rules and without', async () => {
    const hosts = ['a.wild.example.com', 'plain.example.com']
    expect(await allowedOf(hosts.map(twice))).toEqual([
      [false, false],
      [false, false],
    ])
    expect(await allowedOf(hosts.map(twice), { known: hosts })).toEqual([
      [true, true],
      [true, true],
    ])
    const evil = hosts.map((host) => [head('GET /evil', `Host: ${host}`)])
    expect(await allowedOf(evil, { known: hosts })).toEqual([[false], [true]])
  })

  test('what a write says that was cut, or is made again in another way', async () => {
    expect(
      await allowedOf([[{ text: get('/users/a'), sent: 10 }, get('/users/a').slice(10)]]),
    ).toEqual([[true, false]])
    expect(await allowedOf([[{ text: get('/users/a'), sent: -1 }, get('/evil')]])).toEqual([
      [true, false],
    ])
    const first = { text: post(0), sent: -1 }
    // The library may have kept the first.
    expect(
      await allowedOf([
        [first, post(9), 'x'.repeat(9)],
        [first, `${post(0)}x`],
      ]),
    ).toEqual([
      [true, false, false],
      [true, false],
    ])
  })

  test('requests from the moment that another policy is in force', async () => {
    const other = compiledOf(
      `version: 1\negress: block\nallow:\n  - { https: api.example.com, paths: [/new] }\n`,
    )
    const slow = Array.from({ length: 2000 }, (_, i): Connection => [
      get(i % 2 === 0 ? '/evil' : '/users/a'),
    ])
    let replaced = false
    const allowed = await allowedOf(slow, {
      between: (count, rules) => {
        if (count < 1000 || replaced) return
        replaced = true
        rules.follow(other)
      },
    })
    expect(allowed[1]).toEqual([true])
    expect(allowed.at(-1)).toEqual([false])
  })
})

/** A number below 2³², from a seed. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 3
  }
}

const odd = [
  '\r\n',
  '\n',
  '\r',
  ' ',
  '\t',
  ':',
  '/',
  '//',
  '.',
  '..',
  '%2e',
  '%',
  '?',
  '#',
  '*',
  '\0',
  '\xa0',
  '\\',
  ';',
  'Host: all.example.com\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'HTTP/1.1',
  'GET ',
  'abc',
  ',',
  '@',
  'https://',
  '\r\n\r\n',
  'api.example.com',
  'evil',
  'acme',
]

test('whatever is written, the kernel allows nothing that user space would not', async () => {
  const next = random(20261128)
  const pick = <T>(list: readonly T[]): T => list[next() % list.length] as T
  const bases = [
    get('/repos/acme/shop?q=1'),
    get('/users/a', 'Accept: */*'),
    get('/v1/r-2.tgz'),
    `${head('POST /repos/acme/issues', api, 'Content-Length: 3')}abc`,
    head('GET /', 'Host: all.example.com'),
    head('GET /x', 'Host: gets.example.com'),
    head('PUT /repos/a/issues', api, 'Content-Length: 10'),
  ]
  const mutated = (text: string): string => {
    let out = text
    for (let i = next() % 4; i > 0; i--) {
      const at = next() % (out.length + 1)
      out = out.slice(0, at) + (next() % 3 === 0 ? '' : pick(odd)) + out.slice(at + (next() % 3))
    }
    return out
  }
  const connections = Array.from({ length: 4000 }, (): Connection =>
    Array.from({ length: 1 + (next() % 3) }, () => mutated(pick(bases)) || 'x'),
  )
  const kernel = await allowedOf(connections)
  let allowed = 0
  for (const [i, connection] of connections.entries()) {
    const said = decidedOf(connection)
    for (const [j, one] of (kernel[i] ?? []).entries()) {
      if (one) {
        allowed++
        expect({ connection, write: j, allowed: said[j] }).toMatchObject({ allowed: true })
        // It would have been ended.
      } else if (said[j] === false) break
    }
  }
  // Else it would say nothing.
  expect(allowed).toBeGreaterThan(connections.length / 4)
}, 120_000)
