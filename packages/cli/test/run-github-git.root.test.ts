import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepareJob } from './job.ts'
import { gitWith } from './git-libraries.ts'
import { Place, runwarden } from './runwarden.ts'

const repositories = new Place()
let lab: Lab
beforeAll(async () => {
  for (const name of ['acme/app', 'other/lib']) {
    const at = repositories.at(`${name}.git`)
    mkdirSync(at, { recursive: true })
    const source = repositories.at(name.replace('/', '-'))
    writeFileSync(repositories.at('seed.sh'), seed)
    execFileSync('sh', [repositories.at('seed.sh'), at, source], { stdio: 'ignore' })
  }
  lab = await startLab({
    servers: [
      {
        name: 'github.com',
        addresses: ['198.51.100.70'],
        ports: { https: 443 },
        http2: true,
        git: repositories.path,
      },
    ],
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  repositories[Symbol.dispose]()
})

const seed = `set -e
git init -q --bare -b main "$1"
git init -q -b main "$2"
cd "$2"
for i in 1 2 3; do echo "$i" > file; git add file; git -c user.name=a -c user.email=a@example.com commit -q -m "$i"; done
git push -q "$1" main
`

/** With the job's token, as actions/checkout gives it to git. */
const git = `git -c http.extraheader="AUTHORIZATION: basic $(printf x-access-token:ghs_0123456789abcdef | base64)"`
const helper = '/usr/lib/git-core/git-remote-http'
const app = 'https://github.com/acme/app'

/** Runs steps of a job, in the lab, and gives what its token needed. */
async function needs(script: string, env: Record<string, string> = {}) {
  using place = new Place()
  const { command, workspace, result } = prepareJob(
    place.path,
    `      - id: git\n        run: |\n${script.replaceAll(/^/gm, '          ')}\n`,
  )
  await lab.internet.clear()
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--quiet', '--repository', 'acme/app', '--out', place.out]
      .concat('--workspace', workspace, '--')
      .concat(command),
    { cwd: workspace, env, timeout: 200_000 },
  )
  expect(status, stdout + stderr).toBe(0)
  expect(result().steps.map(({ outcome }) => outcome)).toEqual(['success'])
  const records = await lab.internet.records()
  const { minimumPermissions, tokenCalls, detections, opaque, health } = place.report()
  const requests = place.eventsOf('http.request')
  return {
    permissions: minimumPermissions,
    calls: tokenCalls.map(
      ({ endpoint, count, meaning, programs }) =>
        `${meaning}: ${endpoint}, ${count}, ${programs.join()}`,
    ),
    detections: detections.map(({ id, severity, title }) => `${id} ${severity}: ${title}`),
    requests,
    opaque,
    lost: health.eventsLost,
    /** What reached the server, with the query that no event has. */
    arrived: records.flatMap((one) => one.requests).map(({ method, path }) => `${method} ${path}`),
  }
}

test.each([
  ['clone, protocol 2', `${git} -c protocol.version=2 clone -q ${app} copy`, 3],
  [
    'clone, protocol 0, HTTP/1.1',
    `${git} -c protocol.version=0 -c http.version=HTTP/1.1 clone -q ${app} copy`,
    2,
  ],
  ['shallow clone', `${git} clone -q --depth 1 ${app}.git copy`, 3],
  ['ls-remote', `${git} ls-remote ${app}`, 2],
])(
  '%s: contents: read',
  async (_, script, count) => {
    const { permissions, calls, arrived, requests, detections, opaque, lost } = await needs(script)
    expect(arrived).toHaveLength(count)
    expect(permissions).toBe(`permissions:\n  contents: read # git fetch (${count} times)\n`)
    expect(calls).toEqual([`needed: git fetch, ${count}, ${helper}`])
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      arrived.map((one) => one.replace(/\?.*/, '')),
    )
    expect(requests.every(({ step, library }) => step === 'git' && library === 'gnutls')).toBe(true)
    expect([detections, opaque, lost]).toEqual([[], [], {}])
  },
  300_000,
)

const copy = `${git} clone -q ${app} copy; cd copy`
/** @param bytes of a new file; over `http.postBuffer`, git sends its pack in pieces, behind a request that tries whether it may */
const change = (bytes: number): string =>
  `new=new-$RANDOM$RANDOM; head -c ${bytes} /dev/urandom > $new; git add $new; git -c user.name=a -c user.email=a@example.com commit -q -m $new`
const push = `${git} push -q origin main`
/** Few, so that a slow machine loses nothing of them; git's own default is 1 MiB. */
const pieces = 'git config http.postBuffer 65536'

test.each([
  ['what is new', `${change(100)}; ${push}`, 2],
  ['in pieces', `${pieces}; ${change(200_000)}; ${push}`, 3],
  [
    'in pieces, over HTTP/1.1',
    `${pieces}; ${change(200_000)}; git config http.version HTTP/1.1; ${push}`,
    3,
  ],
  ['nothing new', push, 1],
  // Git asks without it first, and is told that it must say who it is.
  [
    'with the token in the URL',
    `${change(100)}; git push -q https://x-access-token:ghs_0123456789@github.com/acme/app main`,
    2,
  ],
] as const)(
  'push, %s: contents: write',
  async (what, pushes, count) => {
    const { permissions, calls, arrived, detections, opaque, lost } = await needs(
      `${copy}; ${pushes}`,
    )
    expect(arrived.slice(3)).toHaveLength(what.includes('URL') ? count + 1 : count)
    expect(arrived[3]).toBe('GET /acme/app/info/refs?service=git-receive-pack')
    const times = count === 1 ? '' : ` (${count} times)`
    expect(permissions).toBe(
      `permissions:\n  contents: write # git fetch (3 times), git push${times}\n`,
    )
    expect(calls).toEqual([
      `needed: git fetch, 3, ${helper}`,
      `needed: git push, ${count}, ${helper}`,
    ])
    expect([detections, opaque, lost]).toEqual([[], [], {}])
  },
  300_000,
)

test('another repository: fetched it is told, pushed to it is an alarm', async () => {
  const { permissions, calls, detections } = await needs(
    `${git} clone -q https://github.com/other/lib copy; cd copy\n${change(100)}; ${push}`,
  )
  expect(permissions).toBe('permissions: {}\n')
  expect(calls).toEqual([`outside: git fetch, 3, ${helper}`, `outside: git push, 2, ${helper}`])
  expect(detections).toEqual([
    "https-outbound-anomaly info: other/lib was read, which is not the job's repository",
    "https-outbound-anomaly high: a change was asked of other/lib, which is not the job's repository",
  ])
}, 300_000)

test('without a token nothing is needed', async () => {
  const { permissions, calls, requests } = await needs(`git clone -q ${app} copy`)
  expect(requests).toHaveLength(3)
  expect([permissions, calls]).toEqual(['permissions: {}\n', []])
}, 300_000)

test('git that is linked with OpenSSL', async () => {
  const LD_LIBRARY_PATH = gitWith('libcurl.so.4', repositories.at('openssl'))
  const { permissions, requests } = await needs(`${copy}; ${change(100)}; ${push}`, {
    LD_LIBRARY_PATH,
  })
  expect(permissions).toBe(
    'permissions:\n  contents: write # git fetch (3 times), git push (2 times)\n',
  )
  expect(new Set(requests.map(({ library }) => library))).toEqual(new Set(['openssl']))
}, 300_000)

test('git that is linked with NSS, which is not read: the block says what may be missing', async () => {
  const LD_LIBRARY_PATH = gitWith('libcurl-nss.so.4', repositories.at('nss'))
  const { permissions, opaque } = await needs(`git -c http.sslVerify=false ls-remote ${app}`, {
    LD_LIBRARY_PATH,
  })
  expect(permissions).toBe(
    '# Not all was read: 1 connection to github.com stayed opaque, and may need more.\npermissions: {}\n',
  )
  expect(opaque).toMatchObject([
    { exe: helper, host: 'github.com', reason: 'no-library', connections: 1 },
  ])
}, 300_000)
