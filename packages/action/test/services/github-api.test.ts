import { GitHub } from '@runwarden/lab/github'
import { describe, expect, test } from 'vitest'
import { readRepositoryFile, skippedBy, workflowCommit } from '../../src/github-api.ts'

const sha = 'a'.repeat(40)
const head = 'b'.repeat(40)
const policy = 'version: 1\negress: block\n'

function github(properties: Record<string, string | null> = {}): Promise<GitHub> {
  return GitHub.start({
    repositories: {
      'acme/widgets': {
        commits: {
          [sha]: {
            '.github/runwarden.yml': policy,
            'with blank/ü#?.yml': policy,
            binary: Buffer.from([0xff, 0xfe, 0]),
            large: 'x'.repeat((5 << 20) + 1),
          },
          [head]: { '.github/runwarden.yml': 'another' },
        },
        properties,
      },
    },
  })
}

/** As the runner has it for a workflow on a pull request: the workflow's commit is another than the checked-out one. */
function environment({ url }: { url: string }): NodeJS.ProcessEnv {
  return {
    GITHUB_API_URL: url,
    GITHUB_REPOSITORY: 'acme/widgets',
    GITHUB_SHA: head,
    GITHUB_WORKFLOW_REF: 'acme/widgets/.github/workflows/build.yml@refs/heads/main',
    GITHUB_WORKFLOW_SHA: sha,
  }
}

test('a file at the workflow’s commit', async () => {
  await using server = await github()
  const env = environment(server)
  expect(await readRepositoryFile('.github/runwarden.yml', env, server.token)).toBe(policy)
  expect(await readRepositoryFile('with blank/ü#?.yml', env, server.token)).toBe(policy)
})

test('where the runner does not say the workflow’s, that of the run', () => {
  expect(workflowCommit({ GITHUB_REPOSITORY: 'acme/widgets', GITHUB_SHA: head })).toEqual({
    repository: 'acme/widgets',
    sha: head,
  })
  for (const env of [
    {},
    { GITHUB_REPOSITORY: 'acme/..', GITHUB_SHA: head },
    { GITHUB_REPOSITORY: 'acme/widgets?', GITHUB_SHA: head },
    { GITHUB_REPOSITORY: 'acme/widgets', GITHUB_SHA: 'main' },
  ]) {
    expect(() => workflowCommit(env)).toThrow('does not say which repository and commit')
  }
})

test.each([
  'missing.yml',
  '.github',
  'binary',
  'large',
  '/etc/passwd',
  '../other/contents/x',
  'a/../../b',
  'a//b',
  './a',
  'a\\b',
  'a\nb',
  '',
])('not %j', async (path) => {
  await using server = await github()
  const error = await readRepositoryFile(path, environment(server), server.token).catch(
    (thrown: unknown) => thrown as Error & { code: string; advice: string },
  )
  expect(error).toMatchObject({ code: 'GITHUB_API' })
  expect(server.requests.every((request) => request.path.startsWith('/repos/acme/widgets/'))).toBe(
    true,
  )
})

describe('says what to do', () => {
  test.each([
    ['missing.yml', 'There is no missing.yml of acme/widgets at aaaaaaaaaaaa.', 'contents: read'],
    ['.github', '.github of acme/widgets at aaaaaaaaaaaa is no file.', 'not a folder'],
    ['large', 'answered more than 5242880 bytes', '5242880 bytes at most'],
  ])('%s', async (path, message, advice) => {
    await using server = await github()
    const reading = readRepositoryFile(path, environment(server), server.token)
    await expect(reading).rejects.toMatchObject({
      message: expect.stringContaining(message),
      advice: expect.stringContaining(advice),
    })
  })

  test('when the token may not', async () => {
    await using server = await github()
    server.fail('contents', { status: 403 })
    const reading = readRepositoryFile('x', environment(server), server.token)
    await expect(reading).rejects.toMatchObject({
      message: 'x of acme/widgets at aaaaaaaaaaaa could not be read: GitHub answered 403.',
      advice: expect.stringContaining('"permissions: contents: read"'),
    })
  })

  test('when the limit of requests is reached', async () => {
    await using server = await github()
    server.fail('contents', { status: 403, headers: { 'x-ratelimit-remaining': '0' } })
    const reading = readRepositoryFile('x', environment(server), server.token)
    await expect(reading).rejects.toThrow('limit of requests is reached')
  })
})

test('it tries again, and follows a repository that was renamed', async () => {
  await using server = await github()
  const path = '.github/runwarden.yml'
  server.fail('contents', { status: 502 }, 'reset')
  expect(await readRepositoryFile(path, environment(server), server.token)).toBe(policy)
  const location = `/repos/acme/widgets/contents/${path}?ref=${sha}`
  server.fail('contents', { status: 301, headers: { location } })
  expect(await readRepositoryFile(path, environment(server), server.token)).toBe(policy)
})

test('the token goes to no other host', async () => {
  await using elsewhere = await github()
  await using server = await github()
  server.fail('contents', { status: 302, headers: { location: `${elsewhere.url}/` } })
  const reading = readRepositoryFile('x', environment(server), server.token)
  await expect(reading).rejects.toThrow('leads elsewhere')
  expect(elsewhere.requests).toEqual([])
})

describe('custom properties', () => {
  test.each([
    [{ 'skip-runwarden': 'true' }, 'skip-runwarden'],
    [{ 'skip-harden-runner': 'true', other: 'x' }, 'skip-harden-runner'],
    [{ 'skip-runwarden': 'false', 'skip-harden-runner': null }, null],
    [{ 'skip-runwarden': 'yes' }, null],
    [{}, null],
  ])('%j', async (properties, by) => {
    await using server = await github(properties as Record<string, string | null>)
    expect(await skippedBy(environment(server), server.token)).toBe(by)
  })

  test('a server that has none', async () => {
    await using server = await github()
    server.fail('properties', { status: 404 })
    expect(await skippedBy(environment(server), server.token)).toBeNull()
  })

  test.each([
    [{ status: 403 }, 'answered 403'],
    [{ status: 200, body: '<html>' }, 'can’t be understood'],
    [{ status: 200, body: '{}' }, 'can’t be understood'],
    [{ status: 200, body: '[null]' }, 'can’t be understood'],
    ['silence', 'did not answer in time'],
  ] as const)('nobody can tell: %j', async (fault, message) => {
    await using server = await github({ 'skip-runwarden': 'true' })
    server.fail('properties', fault)
    await expect(skippedBy(environment(server), server.token)).rejects.toMatchObject({
      code: 'GITHUB_API',
      message: expect.stringContaining(message),
    })
  })
})
