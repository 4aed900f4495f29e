/** `node record.ts FOLDER`: a server's data folder, filled by agents that watched the jobs of jobs.ts in the lab. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startLab, type Lab } from '@runwarden/lab'
import { prepareWorkflow } from '@runwarden/lab/runner'
import { jobs, servers, type RecordedJob } from './jobs.ts'

const runwarden = join(import.meta.dirname, '../../../cli/bin/runwarden')
const url = 'http://127.0.0.1:7380'
const folder = resolve(process.argv[2] ?? '')
const data = `${folder}.new`

rmSync(data, { recursive: true, force: true })
mkdirSync(data, { recursive: true })
await using lab = await startLab({ servers })
const server = lab.runner.spawn(
  runwarden,
  ['server', '--data', data, '--listen', '127.0.0.1:7380', '--log-level', 'warn'],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
await listening()
const agentKey = join(lab.folder, 'agent-key')
writeFileSync(agentKey, await newKey('agent'))
const admin = (await newKey('admin')).trim()
await ask('POST', '/v1/orgs/acme/blocklist/entries', {
  entries: [
    {
      kind: 'domain',
      value: 'stealer.example.net',
      reason: 'collects tokens of builds',
      source: 'test',
    },
  ],
})
for (const job of jobs) await record(lab, job)
await indexed()
const ended = new Promise((done) => server.once('exit', done))
server.kill('SIGTERM')
await ended
renameSync(data, folder)

/** Lets the job run, watched by an agent that reports to the server. */
async function record(lab: Lab, job: RecordedJob): Promise<void> {
  const place = join(lab.folder, `job-${job.run}-${job.job}`)
  const workspace = join(place, 'work')
  mkdirSync(workspace, { recursive: true })
  const file = join(place, 'workflow.yml')
  writeFileSync(file, job.workflow)
  const worker = prepareWorkflow(file, { folder: join(place, 'runner'), workspace })
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    [
      'run',
      '--server',
      url,
      '--api-key-file',
      agentKey,
      '--out',
      join(place, 'out'),
      '--workspace',
      workspace,
      ...job.options,
      '--',
      ...worker.command,
    ],
    {
      cwd: workspace,
      timeout: 120_000,
      env: {
        GITHUB_REPOSITORY: job.repository,
        GITHUB_WORKFLOW: job.name,
        GITHUB_RUN_ID: job.run,
        GITHUB_RUN_ATTEMPT: '1',
        GITHUB_JOB: job.job,
        GITHUB_REF: job.ref ?? 'refs/heads/main',
        GITHUB_SHA: '0f3a5c1d2e4b6a798877665544332211ffeeddcc',
        GITHUB_EVENT_NAME: 'push',
        GITHUB_ACTOR: 'octocat',
        RUNNER_NAME: 'runner-7',
        RUNNER_OS: 'Linux',
        RUNNER_ARCH: 'X64',
      },
    },
  )
  if (status !== (job.status ?? 0))
    throw new Error(`${job.job} ended with ${status}: ${stdout}${stderr}`)
}

function listening(): Promise<void> {
  let said = ''
  // It is read to its end: who writes to nobody ends.
  return new Promise((resolve) => {
    server.stdout?.on('data', (text: Buffer) => {
      said += text.toString()
      if (said.includes(`at ${url}`)) resolve()
    })
  })
}

async function newKey(role: string): Promise<string> {
  const words = ['server', 'key', '--data', data, '--organisation', 'acme', '--role', role]
  const { status, stdout, stderr } = await lab.runner.exec(runwarden, words)
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** The server is in the lab's network, and so is who asks it. */
async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const { status, stdout } = await lab.runner.exec('curl', [
    '-sS',
    '--fail-with-body',
    '-X',
    method,
    '-H',
    `authorization: Bearer ${admin}`,
    ...(body === undefined
      ? []
      : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)]),
    `${url}${path}`,
  ])
  if (status !== 0) throw new Error(`${path}: ${stdout}`)
  return JSON.parse(stdout) as T
}

/** What was acknowledged is indexed afterwards. */
async function indexed(): Promise<void> {
  const { items } = await ask<{ items: { id: string }[] }>('GET', '/v1/orgs/acme/jobs?limit=500')
  for (const { id } of items)
    for (;;) {
      const { segments } = await ask<{ segments: { indexed: number; last: number } }>(
        'GET',
        `/v1/orgs/acme/jobs/${id}`,
      )
      if (segments.indexed === segments.last) break
      await new Promise((done) => setTimeout(done, 50))
    }
}
