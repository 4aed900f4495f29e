/**
 * check-bundle.ts FOLDER: runs the action of dist/ in a job of a simulated runner, in a lab: FOLDER is a copy of dist/action
 * outside of the checkout. Ends with an error when a stage fails, or what the policy does not allow reached its server.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLab } from '@runwarden/lab'
import { Runner } from '@runwarden/lab/runner'

const workflow = `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: acme/runwarden@v1
        id: runwarden
        with: { egress-policy: block, allowed-endpoints: 'one.example.com:80' }
      - run: curl -sSf http://one.example.com/
      - run: '! curl -sS -m 20 http://198.51.100.11/'
`

const bundle = process.argv[2] ?? ''
const place = mkdtempSync(join(tmpdir(), 'runwarden-check-action-'))
const action = join(place, 'actions/acme/runwarden/v1')
mkdirSync(join(action, 'dist'), { recursive: true })
cpSync('action.yml', join(action, 'action.yml'))
cpSync(bundle, join(action, 'dist/action'), { recursive: true })
const file = join(place, 'ci.yml')
writeFileSync(file, workflow)
/** Where the action keeps its agents: in the lab it is a folder of this place. */
const home = '/var/lib/runwarden'
for (const folder of [home, join(place, 'agents')]) mkdirSync(folder, { recursive: true })
const hierarchy = / (\S+) cgroup2 /.exec(readFileSync('/proc/self/mounts', 'utf8'))?.[1] ?? ''
const cgroup = join(hierarchy, `runwarden-check-${process.pid}`)
mkdirSync(cgroup)
try {
  await using lab = await startLab({
    servers: [
      { name: 'one.example.com', addresses: ['198.51.100.10'], ports: { http: 80 } },
      { addresses: ['198.51.100.11'], ports: { http: 80 } },
    ],
  })
  await lab.runner.exec('mount', ['--bind', join(place, 'agents'), home])
  await using runner = Runner.start({
    folder: join(place, 'runner'),
    spawn: (program, args, stdio) => lab.runner.spawn(program, args, { stdio, cgroup }),
  })
  const job = await runner.run(file, { actions: join(place, 'actions') }).ended
  const reached = (await lab.internet.records()).map(({ address }) => address)
  const { protection } = reportOf(job.steps)
  if (job.status !== 'success' || protection !== 'armed' || reached.join(' ') !== '198.51.100.10')
    throw new Error(
      `${job.log}\nthe job: ${job.status}, ${protection}; reached: ${reached.join(' ')}`,
    )
  console.error(
    'runwarden: the action watched a job of the simulated runner, armed, and reported it',
  )
} finally {
  for (let tries = 0; existsSync(cgroup) && tries < 100; tries++) {
    try {
      rmdirSync(cgroup)
    } catch {
      await sleep(100)
    }
  }
  rmSync(place, { recursive: true, force: true })
}

function reportOf(steps: readonly { stage: string; outputs: Record<string, string> }[]): {
  protection: string
} {
  const folder = steps.find(({ stage, outputs }) => stage === 'post' && 'report-path' in outputs)
  const path = (folder?.outputs['report-path'] ?? '').replace(home, join(place, 'agents'))
  const text = readFileSync(join(path, 'report.json'), 'utf8')
  return JSON.parse(text) as { protection: string }
}
