import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runwarden, until } from '../../../cli/test/runwarden.ts'
import { ActionRig, type Ended } from '../action-rig.ts'

// Whole jobs, each with its control plane.
vi.setConfig({ testTimeout: 300_000 })

/** Jobs of one workflow whose control plane, a real one, is on their machine's loopback. */
let rig: ActionRig
let server: ChildProcess
let workflow: string
let keys: { agent: string; viewer: string }
const url = 'http://127.0.0.1:7380'

beforeAll(async () => {
  rig = await ActionRig.start()
  await startServer()
  keys = { agent: await newKey('agent'), viewer: await newKey('viewer') }
  workflow = rig.workflow({
    with: {
      'egress-policy': 'audit',
      'server-url': url,
      'api-key': '${{ secrets.RUNWARDEN_API_KEY }}',
    },
    steps: `      - run: curl -sS -m 20 -o /dev/null "http://$(cat ${rig.place.at('host')})/"\n      - run: sh ${rig.place.at('last')}\n`,
  })
}, 600_000)
afterAll(async () => {
  server.kill('SIGKILL')
  await rig[Symbol.asyncDispose]()
})

async function startServer(): Promise<void> {
  server = rig.lab.runner.spawn(
    runwarden,
    ['server', '--data', rig.place.at('data'), '--listen', '127.0.0.1:7380', '--log-level', 'warn'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  server.stdout?.on('data', (text: string) => {
    said += text
  })
  await until(() => said.includes(`at ${url}`))
}

async function newKey(role: string): Promise<string> {
  const words = ['server', 'key', '--data', rig.place.at('data'), '--organisation', 'acme']
  const { stdout } = await rig.lab.runner.exec(runwarden, [...words, '--role', role])
  return stdout.trim()
}

let runs = 0

/** A run of the workflow that reaches a host. @param last what its last step does, in a shell */
async function run(host: string, last = ':'): Promise<Ended> {
  writeFileSync(rig.place.at('host'), host)
  writeFileSync(rig.place.at('last'), last)
  await using runner = rig.runner(`runner-of-${++runs}`)
  const secrets = { RUNWARDEN_API_KEY: keys.agent }
  const actions = rig.place.at('actions')
  return await runner.run(workflow, { actions, secrets, repository: 'acme/widgets' }).ended
}

/** The lines of `allow`, without their comments. */
const allowed = (policy: string | undefined): string[] =>
  [...(policy ?? '').matchAll(/^ {2}- (\S+)/gm)].map(([, endpoint = '']) => endpoint)

test('the policy that a job is recommended is of its earlier runs, too, and says of how many', async () => {
  const first = await run('one.example.com')
  expect(first.status, first.log).toBe('success')
  expect(first.log).toContain(
    'The recommended policy is from this run alone. The control plane knows of no earlier run of this job.',
  )
  await run('two.example.com')
  const third = await run('one.example.com')
  expect(third.log).toContain('The recommended policy is from this and 2 earlier runs.')
  expect(third.summary).toContain(
    '<summary>Recommended policy, from this and 2 earlier runs</summary>',
  )
  const both = ['one.example.com:80', 'two.example.com:80']
  expect(allowed(rig.outputs(third)['recommended-policy'])).toEqual(both)
  expect(third.summary).toContain('- one.example.com:80 # curl; in 2 of 3 runs')
  // The record is of this run alone.
  expect(allowed(rig.report(third).recommendedPolicy)).toEqual(['one.example.com:80'])
})

test.each([
  ['open', 'success'],
  ['closed', 'failure'],
])('a job that nobody can watch is told to be so, fail-mode: %s', async (mode, status) => {
  const repository = `acme/unwatched-${mode}`
  await using runner = rig.runner(`user-${mode}`, { user: 'nobody' })
  const text = {
    with: {
      'server-url': url,
      'api-key': '${{ secrets.RUNWARDEN_API_KEY }}',
      'egress-policy': 'audit',
      'fail-mode': mode,
    },
    steps: '      - run: true\n',
  }
  const secrets = { RUNWARDEN_API_KEY: keys.agent }
  const job = await rig.start(runner, text, { secrets, repository }).ended
  expect(job.status, job.log).toBe(status)
  const { stdout } = await rig.lab.runner.exec('curl', [
    '-sS',
    '-H',
    `authorization: Bearer ${keys.viewer}`,
    `${url}/v1/orgs/acme/jobs?repository=${repository}`,
  ])
  expect(JSON.parse(stdout)).toMatchObject({
    items: [{ repository, armed: false, egress: 'audit', protection: 'unprotected' }],
  })
})

test('where the control plane has gone, it is of this run, and says so', async () => {
  const closed = once(server, 'exit')
  const job = await run('two.example.com', `kill -9 ${server.pid}`)
  await closed
  expect(job.status, job.log).toBe('success')
  expect(job.log).toContain(
    'The recommended policy is from this run alone. Earlier runs are not in it: the control plane has not got all of this job.',
  )
  expect(allowed(rig.outputs(job)['recommended-policy'])).toEqual(['two.example.com:80'])
  expect(job.summary).toContain('<summary>Recommended policy, from this run alone</summary>')
})
