import { expect, test } from 'vitest'
import { parseRequest } from '../../src/jobs/message.ts'

const nonce = 'ab'.repeat(32)
const job = {
  policy: { name: 'the workflow', text: 'version: 1\n' },
  blockList: null,
  rules: [],
  workspace: '/work',
  scope: 'job',
  afterJob: 'end',
  failMode: 'closed',
  failOn: 'none',
  server: null,
  granted: null,
  imposters: [],
}
const server = {
  url: 'https://runwarden.example.com/team',
  jobId: 'job1',
  token: 'a-secret-token',
  blockList: { version: 'v1', text: '{}' },
  policies: null,
}

test('a whole request is taken as it is, without what nobody knows', () => {
  expect(parseRequest(JSON.stringify({ op: 'begin', nonce, job, more: 1 }))).toEqual({
    op: 'begin',
    nonce,
    job,
  })
  for (const op of ['status', 'report', 'end'])
    expect(parseRequest(JSON.stringify({ op, nonce, job: 'none' }))).toEqual({ op, nonce })
})

const parse = (runner: unknown): unknown =>
  parseRequest(JSON.stringify({ op: 'begin', nonce, job: { ...job, runner } }))

test('whose runner it is may be said, in few words', () => {
  expect(parse('Depot')).toMatchObject({ job: { runner: 'Depot' } })
  expect(parse('x'.repeat(1_000))).toMatchObject({ job: { runner: 'x'.repeat(100) } })
  expect(() => parse(7)).toThrow("'runner' is no text")
})

test('a job’s control plane is taken as it is; a request that names none has none', () => {
  const parse = (more: object): unknown =>
    parseRequest(JSON.stringify({ op: 'begin', nonce, job: { ...job, ...more } }))
  expect(parse({ server })).toEqual({ op: 'begin', nonce, job: { ...job, server } })
  expect(parse({ server: { ...server, blockList: null } })).toMatchObject({
    job: { server: { blockList: null } },
  })
  expect(parse({ server: undefined })).toMatchObject({ job: { server: null } })
})

test.each<[string, unknown]>([
  ['no JSON', undefined],
  ['the request is no object', null],
  ['the request is no object', [1]],
  ["'op' is none of begin, status, report, end", { op: 'steal', nonce }],
  ["'op' is none of", { op: 'constructor', nonce }],
  ["'nonce' is no text", { op: 'end', nonce: 1 }],
  ["'nonce' is not 64 hex digits", { op: 'end', nonce: `${nonce}\n` }],
  ["'job' is no object", { op: 'begin', nonce }],
  ["'policy' is no object", { op: 'begin', nonce, job: { ...job, policy: 'x' } }],
  ["'text' is no text", { op: 'begin', nonce, job: { ...job, policy: { name: 'x', text: 1 } } }],
  ["'blockList' is no object", { op: 'begin', nonce, job: { ...job, blockList: 1 } }],
  ["'rules' is no list", { op: 'begin', nonce, job: { ...job, rules: {} } }],
  ["'rules' is no object", { op: 'begin', nonce, job: { ...job, rules: [1] } }],
  ["'workspace' is no absolute path", { op: 'begin', nonce, job: { ...job, workspace: 'work' } }],
  ["'scope' is none of host, job", { op: 'begin', nonce, job: { ...job, scope: 'all' } }],
  ["'afterJob' is none of end, keep", { op: 'begin', nonce, job: { ...job, afterJob: '' } }],
  ["'server' is no object", { op: 'begin', nonce, job: { ...job, server: 'https://x' } }],
  [
    "'url' is no server's",
    { op: 'begin', nonce, job: { ...job, server: { ...server, url: 'file:///etc' } } },
  ],
  [
    "'url' is no server's",
    { op: 'begin', nonce, job: { ...job, server: { ...server, url: 'https://a@b' } } },
  ],
  [
    "'jobId' is no job's",
    { op: 'begin', nonce, job: { ...job, server: { ...server, jobId: '../x' } } },
  ],
  [
    "'token' is none",
    { op: 'begin', nonce, job: { ...job, server: { ...server, token: 'a\nb' } } },
  ],
  [
    "'text' is no text",
    { op: 'begin', nonce, job: { ...job, server: { ...server, blockList: { version: '1' } } } },
  ],
  ["'failMode' is none of closed, open", { op: 'begin', nonce, job: { ...job, failMode: '' } }],
  ["'failOn' is none of none, blocked", { op: 'begin', nonce, job: { ...job, failOn: null } }],
  ["'imposters' is no list", { op: 'begin', nonce, job: { ...job, imposters: {} } }],
  ["'uses' is no text", { op: 'begin', nonce, job: { ...job, imposters: [{ repository: '' }] } }],
  ["'contents' is no text", { op: 'begin', nonce, job: { ...job, granted: { contents: 1 } } }],
])('what is none is refused by its field: %s', (why, request) => {
  const line = request === undefined ? 'end' : JSON.stringify(request)
  expect(() => parseRequest(line)).toThrow(
    expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringContaining(why) }),
  )
})
