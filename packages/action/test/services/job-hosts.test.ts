import { GitHub } from '@runwarden/lab/github'
import { describe, expect, test } from 'vitest'
import { jobHosts } from '../../src/job-hosts.ts'
import { storeEndpoint } from '../../src/store-address.ts'
import { serve } from './server.ts'

const atGitHub = {
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_API_URL: 'https://api.github.com',
  GITHUB_GRAPHQL_URL: 'https://api.github.com/graphql',
}
const store = 'https://productionresultssa7.blob.core.windows.net'

/** What a job's pre gets from a GitHub whose stores have other names than its services. */
async function hostsWith(blobs: string, more: NodeJS.ProcessEnv = {}) {
  await using github = await GitHub.start({ origins: { blobs } })
  const services = github.services(github.addJob())
  const found = await jobHosts({ ...atGitHub, ...services, ...more })
  return { ...found, github }
}

function endpointsOf({ hosts }: Awaited<ReturnType<typeof jobHosts>>): string[] {
  return hosts.map(({ endpoint }) => endpoint)
}

test('the hosts of a job at github.com, each by its name', async () => {
  const { github, ...found } = await hostsWith(store, {
    ACTIONS_RUNTIME_URL: 'https://pipelinesghubeus7.actions.githubusercontent.com/abc/',
    ACTIONS_CACHE_URL: 'https://acghubeus2.actions.githubusercontent.com/abc/',
  })
  expect(found).toEqual({
    hosts: [
      ['github.com:443', 'git over HTTPS', 'general'],
      ['api.github.com:443', 'REST API', 'general'],
      [
        'pipelinesghubeus7.actions.githubusercontent.com:443',
        'artifacts and caches of older actions',
      ],
      ['acghubeus2.actions.githubusercontent.com:443', 'caches of older actions'],
      ['codeload.github.com:443', 'archives of repositories', 'general'],
      ['objects.githubusercontent.com:443', 'files behind GitHub links', 'general'],
      ['release-assets.githubusercontent.com:443', 'files of releases', 'general'],
      ['raw.githubusercontent.com:443', 'manifests that set-up actions read', 'general'],
      [
        'productionresultssa7.blob.core.windows.net:443',
        'where artifacts of this job are kept',
        'report',
      ],
    ].map(([endpoint, why, kind]) => ({
      endpoint,
      why,
      general: kind === 'general',
      forReport: kind === 'report',
    })),
    warnings: [],
  })
  expect(github.artifacts).toEqual([])
})

test('names of services that the runner gives, those for a report marked', async () => {
  const { hosts, warnings } = await jobHosts({
    ...atGitHub,
    ACTIONS_RESULTS_URL: 'https://results-receiver.actions.githubusercontent.com/',
    ACTIONS_ID_TOKEN_REQUEST_URL:
      'https://run-actions-3-azure-eastus.actions.githubusercontent.com/12//idtoken/a/b?api-version=2.0',
    ACTIONS_RUNTIME_TOKEN: 'none.that.helps',
  })
  expect(hosts.filter(({ endpoint }) => endpoint.includes('actions.'))).toEqual([
    {
      endpoint: 'results-receiver.actions.githubusercontent.com:443',
      why: 'artifacts and caches',
      general: false,
      forReport: true,
    },
    {
      endpoint: 'run-actions-3-azure-eastus.actions.githubusercontent.com:443',
      why: 'OIDC tokens',
      general: false,
      forReport: false,
    },
  ])
  expect(warnings).toEqual([
    'The host for artifacts and caches was not found (the token of the runner names no run in the results service). In block mode it is blocked unless the policy allows it.',
  ])
})

test('artifacts and caches may be in different stores', async () => {
  await using results = await serve(({ path }, response) => {
    const artifact = path.endsWith('GetJobLogsSignedBlobURL')
    const key = artifact ? 'logsUrl' : 'signedUploadUrl'
    const host = artifact ? 'results1' : 'caches2'
    response.end(
      JSON.stringify({ ok: true, [key]: `https://${host}.blob.core.windows.net/a?sig=b` }),
    )
  })
  await using github = await GitHub.start()
  const env = { ...github.services(github.addJob()), ACTIONS_RESULTS_URL: results.url }
  expect((await jobHosts(env)).hosts).toEqual([
    {
      endpoint: 'results1.blob.core.windows.net:443',
      why: 'where artifacts of this job are kept',
      general: false,
      forReport: true,
    },
    {
      endpoint: 'caches2.blob.core.windows.net:443',
      why: 'where caches of this job are kept',
      general: false,
      forReport: false,
    },
  ])
})

test('a runner of one’s own GitHub: whatever names and ports it has, private ones too', async () => {
  const found = await hostsWith('https://10.1.2.3:8443', {
    GITHUB_SERVER_URL: 'https://git.example.org',
    GITHUB_API_URL: 'https://git.example.org/api/v3',
    GITHUB_GRAPHQL_URL: 'https://git.example.org/api/graphql',
    ACTIONS_CACHE_URL: 'http://10.1.36.177:6871/',
  })
  expect(endpointsOf(found)).toEqual(['git.example.org:443', '10.1.36.177:6871', '10.1.2.3:8443'])
  expect(found.warnings).toEqual([])
})

test('a tenant of ghe.com', async () => {
  const found = await jobHosts({
    GITHUB_SERVER_URL: 'https://acme.ghe.com',
    GITHUB_API_URL: 'https://api.acme.ghe.com',
  })
  expect(endpointsOf(found)).toEqual([
    'acme.ghe.com:443',
    'api.acme.ghe.com:443',
    'codeload.acme.ghe.com:443',
  ])
})

test('it leaves no artifact, and its cache key is one that nobody uses', async () => {
  const { github } = await hostsWith(store)
  expect(github.artifacts).toEqual([])
  expect(github.cacheKeys).toEqual([expect.stringMatching(/^runwarden-[0-9a-f]{32} [0-9a-f]{64}$/)])
})

describe('when the results service', () => {
  test('is silent, the job goes on', async () => {
    await using github = await GitHub.start()
    github.fail('/twirp/', 'silence', 'silence')
    const { warnings } = await jobHosts({
      ...atGitHub,
      ...github.services(github.addJob()),
    })
    expect(warnings).toEqual(
      ['artifacts', 'caches'].map((what) =>
        expect.stringMatching(
          `^The host for ${what} was not found \\(http://127.* did not answer in time\\)\\. In block mode it is blocked`,
        ),
      ),
    )
  })

  test('does not give the address of the log, it is asked for an artifact’s, which stays unseen', async () => {
    await using github = await GitHub.start({ origins: { blobs: store } })
    github.fail('GetJobLogsSignedBlobURL', { status: 404 })
    const { hosts, warnings } = await jobHosts(github.services(github.addJob()))
    expect(warnings).toEqual([])
    expect(hosts).toEqual([expect.objectContaining({ forReport: true })])
    expect(github.artifacts).toEqual([
      { name: expect.stringMatching(/^runwarden-[0-9a-f]{32}$/), finalized: false, content: null },
    ])
  })

  test('refuses, that is said, and the token is not', async () => {
    await using github = await GitHub.start()
    const job = github.addJob()
    const fault = { status: 403, body: '{"code":"permission_denied","msg":"read\\n::only"}' }
    github.fail('CreateCacheEntry', fault)
    const { warnings } = await jobHosts({ ...atGitHub, ...github.services(job) })
    expect(warnings).toEqual([
      expect.stringContaining('/CreateCacheEntry answered 403: read ::only). In block mode'),
    ])
    expect(warnings.join()).not.toContain(job.token)
  })

  test('leads elsewhere, the token does not follow', async () => {
    await using elsewhere = await serve((_, response) => void response.end('{}'))
    await using github = await GitHub.start()
    const fault = { status: 307, headers: { location: `${elsewhere.url}/twirp` } }
    github.fail('/twirp/', fault, fault, fault)
    const { warnings } = await jobHosts({ ...atGitHub, ...github.services(github.addJob()) })
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('leads elsewhere')
    expect(elsewhere.arrived).toEqual([])
  })

  test('has no TLS, the token is not sent', async () => {
    const { warnings } = await jobHosts({
      ...atGitHub,
      ACTIONS_RESULTS_URL: 'http://results.example.net/',
      ACTIONS_RUNTIME_TOKEN: 'a.b.c',
    })
    expect(warnings).toEqual([expect.stringContaining('http://results.example.net is not asked')])
  })
})

describe('what the results service may name', () => {
  const github = new URL('https://results-receiver.actions.githubusercontent.com/')
  const other = new URL('https://cache.example.com/')

  test.each([
    [
      'https://productionresultssa7.blob.core.windows.net/a/b?sig=c',
      github,
      'productionresultssa7.blob.core.windows.net:443',
    ],
    ['https://bucket.s3.example.com:9000/a', other, 'bucket.s3.example.com:9000'],
    ['http://127.0.0.1:8080/a', new URL('http://[::1]:80/'), null],
  ])('%s', (address, service, endpoint) => {
    expect(storeEndpoint(address, service, atGitHub)).toBe(endpoint)
  })

  test.each([
    ['http://account.blob.core.windows.net/a', github],
    ['https://account.blob.core.windows.net:8443/a', github],
    ['https://evil.example.com/a', github],
    ['https://account.blob.core.windows.net.evil.example.com/a', github],
    ['https://a.b.blob.core.windows.net/a', github],
    ['https://*.blob.core.windows.net/a', github],
    ['https://user:word@account.blob.core.windows.net/a', github],
    ['https://*.example.com/a', other],
    ['https://10.0.0.1/a', other],
    ['http://127.0.0.1:8080/a', other],
    ['https://localhost/a', other],
    ['https://[fd00::1]/a', other],
    ['https://[::ffff:169.254.169.254]/a', other],
    ['https://169.254.169.254/a', other],
    ['https://168.63.129.16/a', other],
    ['https://0x0a.1/a', other],
    ['ftp://files.example.com/a', other],
    ['no address', other],
  ])('not %s', (address, service) => {
    expect(() => storeEndpoint(address, service, atGitHub)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(INVALID|POLICY_INVALID)$/) }),
    )
  })
})
