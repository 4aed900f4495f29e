import { githubCall, MinimumPermissions } from '@runwarden/policy/github'
import { GraphqlBody } from '../../../src/https/graphql.ts'
import { must, order, type Target } from '../target.ts'

const hosts = {
  api: 'git.example.org',
  apiPath: '/api/v3',
  server: 'git.example.org',
  uploads: 'git.example.org',
  uploadsPath: '/api/uploads',
}

/** Method, host and path in the first line, and a body of GraphQL behind it. */
function call(method: string, host: string, path: string, body = ''): Buffer {
  return Buffer.from(`${method} ${host} ${path}\n${body}`)
}

const graphql = (query: string): Buffer =>
  call('POST', 'api.github.com', '/graphql', JSON.stringify({ query }))

/** The fields of a mutation, sent in two pieces: what is between them is no other body. */
function mutationsOf(body: Buffer, at: number): string[] | null {
  const read = new GraphqlBody()
  read.add(Buffer.from(body.subarray(0, at)))
  read.add(Buffer.from(body.subarray(at)))
  return read.mutations()
}

/** A request to GitHub: what it is, which permissions it needs, and what a GraphQL body changes. */
export const github: Target = {
  name: 'github',
  seeds: () => [
    call('GET', 'api.github.com', '/repos/acme/app/contents/a'),
    call('POST', 'api.github.com', '/repos/acme/app/git/refs'),
    call('PUT', 'uploads.github.com', '/repos/acme/app/releases/1/assets'),
    call('POST', 'github.com', '/acme/app.git/git-receive-pack'),
    call('GET', 'git.example.org', '/api/v3/repos/acme/app/issues/7/comments'),
    call('GET', 'pipelines.actions.githubusercontent.com', '/x/idtoken'),
    graphql('mutation M($a: Int) { addStar(input: {a: $a}) { id } other: addComment { id } }'),
    graphql(
      'mutation { createCommitOnBranch(input: {branch: {repositoryNameWithOwner: "a/b"}}) { x } }',
    ),
    graphql('query { a } # mutation\nfragment F on mutation { b }'),
    graphql('mutation { ...F @skip(if: false) """text""" x }'),
  ],
  words: [
    'mutation',
    '{',
    '}',
    '(',
    ')',
    ': ',
    '...',
    '"""',
    '\\"',
    '/repos/a/b/',
    'api.github.com',
    '/api/v3',
    '/graphql',
    '.git/',
    'git-upload-pack',
  ],
  run: (input) => {
    const line = input.indexOf(10)
    const [method = '', host = '', path = ''] = input
      .toString('utf8', 0, line < 0 ? input.length : line)
      .split(' ')
    const body = input.subarray(line + 1)
    const mutations = mutationsOf(body, 0)
    must(
      mutations?.join() === mutationsOf(body, body.length >> 1)?.join(),
      'the same in two pieces',
    )
    must((mutations?.length ?? 1) > 0, 'a mutation changes something')
    for (const name of mutations ?? []) must(/^[_A-Za-z]\w{0,99}$/.test(name), 'names of fields')
    const kinds = [undefined, hosts].map((at) => {
      const one = githubCall({ method, host, path, mutations }, at)
      if (one === null) return 'nothing of GitHub'
      const { repository } = one
      must(repository === null || /^[^/]+\/[^/]+$/.test(repository), 'a repository is owner/name')
      const permissions = new MinimumPermissions(() => 'acme/app')
      permissions.add(one, 'installation', 1, ['/usr/bin/x'])
      const block = permissions.block()
      must(block.split('\n').length < 100, 'a block of bounded length')
      // What is pasted into a workflow has lines of its own only.
      const lines = block.split(/[\n\r\u0085\u2028\u2029]/).filter((text) => text.trim() !== '')
      for (const text of lines)
        must(/^(?:\s*#|permissions:|\s+[a-z-]+: (?:read|write))/.test(text), `a line: ${text}`)
      return `${one.kind} ${one.writes} ${repository !== null} ${permissions.calls()[0]?.meaning}`
    })
    return `${kinds.join()} ${order(mutations?.length ?? 0)}`
  },
}
