import { describe, expect, test } from 'vitest'
import { FLAG, frame, literal, requestBlock, TYPE } from './frames.ts'
import { PREFACE } from '../../src/https/http2/connection.ts'
import { captured, cut, decode, talk } from './seen.ts'

const body = (query: string): string => JSON.stringify({ query, variables: { secret: 'x' } })
const post = (text: string, token = 'Authorization: bearer ghs_1\r\n'): string =>
  `>POST /graphql HTTP/1.1\r\nHost: api.github.com\r\n${token}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
const mutations = (text: string): string[] | null | undefined =>
  decode(talk(post(text))).exchanges[0]?.mutations

describe('the fields of a mutation', () => {
  test.each([
    [
      'mutation { addComment(input: {body: "}{ mutation x"}) { clientMutationId } }',
      ['addComment'],
    ],
    [
      'mutation PullRequestCreate($input: CreatePullRequestInput!) { createPullRequest(input: $input) { pullRequest { id url } } }',
      ['createPullRequest'],
    ],
    [
      'mutation M($a: ID!) @x { # a comment {\n first: closeIssue(input: {issueId: $a}) { issue { id } } deleteRef(input: {refId: """a " b"""}) @include(if: true) { clientMutationId } }',
      ['closeIssue', 'deleteRef'],
    ],
  ])('%s', (query, fields) => {
    expect(mutations(body(query))).toEqual(fields)
  })

  test.each([
    ['a query', body('query { repository(owner: "a", name: "b") { id } }')],
    ['a short query', body('{ viewer { login } }')],
    ['several operations', body('mutation A { closeIssue { x } } query B { viewer { login } }')],
    ['a fragment', body('mutation A { ...F } fragment F on Mutation { closeIssue { x } }')],
    ['no JSON', 'mutation { closeIssue }'],
    ['another shape', '["mutation { closeIssue }"]'],
    ['a document without end', body('mutation { closeIssue {')],
    ['a body longer than is looked at', body(`mutation { closeIssue { ${'x '.repeat(10_000)} } }`)],
  ])('are not told of %s', (_, text) => {
    expect(mutations(text)).toBe(null)
  })

  test('are told of a path with needless escapes, too', () => {
    const text = body('mutation { closeIssue { x } }')
    const [exchange] = decode(talk(post(text).replace('graphql', 'graph%71l'))).exchanges
    expect(exchange?.mutations).toEqual(['closeIssue'])
  })

  test('are not looked for without a token, nor elsewhere', () => {
    const text = body('mutation { closeIssue { x } }')
    expect(decode(talk(post(text, ''))).exchanges[0]?.mutations).toBe(null)
    const elsewhere = post(text).replace('/graphql', '/other')
    expect(decode(talk(elsewhere)).exchanges[0]?.mutations).toBe(null)
  })

  test('are not told when not all of the body was captured', () => {
    const pieces = captured(talk(post(body('mutation { closeIssue { x } }'))), 150)
    expect(decode(pieces).exchanges[0]?.mutations).toBe(null)
  })

  test('in any pieces, over both versions, and the body is not kept', () => {
    const text = body('mutation { addComment(input: {subjectId: "x"}) { clientMutationId } }')
    const headers = Buffer.concat([
      requestBlock('/graphql', 'POST'),
      literal('authorization', 'bearer ghs_1'),
    ])
    const half = Math.floor(text.length / 2)
    const http2 = Buffer.concat([
      Buffer.from('>'),
      PREFACE,
      frame(TYPE.headers, FLAG.endHeaders, 1, headers),
      frame(
        TYPE.data,
        FLAG.padded,
        1,
        Buffer.concat([Buffer.from([3]), Buffer.from(text.slice(0, half)), Buffer.alloc(3, 0x7d)]),
      ),
      frame(TYPE.data, FLAG.endStream, 1, Buffer.from(text.slice(half))),
    ])
    for (const pieces of [talk(post(text)), talk(http2)])
      for (const size of [1, 7, 10_000]) {
        const [exchange] = decode(cut(pieces, () => size)).exchanges
        expect(exchange?.mutations).toEqual(['addComment'])
        expect(JSON.stringify(exchange)).not.toContain('subjectId')
      }
  })

  test.each<[string, unknown, string[]]>([
    [
      'mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { url } } }',
      { input: { branch: { repositoryNameWithOwner: 'Other/Lib', branchName: 'main' } } },
      ['other/lib'],
    ],
    [
      'mutation { createCommitOnBranch(input: {branch: {repositoryNameWithOwner: "acme/shop", branchName: "x"}}) { commit { url } } }',
      undefined,
      ['acme/shop'],
    ],
    [
      'mutation { a: createCommitOnBranch(input: {branch: {repositoryNameWithOwner : "acme/shop"}}) { x } b: createCommitOnBranch(input: $b) { x } }',
      { b: [{ repositoryNameWithOwner: 'other/lib' }] },
      ['acme/shop', 'other/lib'],
    ],
    [
      'mutation { createCommitOnBranch(input: $i) { x } }',
      { i: { repositoryNameWithOwner: 'a secret with blanks/x' } },
      [],
    ],
    ['mutation { addComment(input: $i) { x } }', { i: { subjectId: 'acme/shop' } }, []],
    ['query { repository(owner: "a", name: "b") { id } }', { repositoryNameWithOwner: 'a/b' }, []],
  ])('%s with %j names %j', (query, variables, repositories) => {
    const [exchange] = decode(talk(post(JSON.stringify({ query, variables })))).exchanges
    expect(exchange?.repositories).toEqual(repositories)
  })

  test('of variables without an end are looked at no longer than is needed', () => {
    const deep = '['.repeat(5000) + ']'.repeat(5000)
    const text = `{"query": "mutation { closeIssue { x } }", "variables": ${deep}}`
    const [exchange] = decode(talk(post(text))).exchanges
    expect(exchange?.mutations).toEqual(['closeIssue'])
  })
})
