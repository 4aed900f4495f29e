import type { JobResult } from '@runwarden/lab/runner'
import type { Report } from '@runwarden/events'
import { partOnly, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootSystemd } from './systemd-vm.ts'
import { runScript, simulatorFiles } from './vm-job.ts'

/** `with:` and the steps of a job that has the action first. */
const workflow = (inputs: string, steps: string): string => `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: runwarden/runwarden@v1
        id: runwarden
        with:
          allowed-endpoints: 198.51.100.1:443
${inputs}${steps}`

/** How a connection went, as an ordinary user, as root, and as root from outside of the job's processes. */
const tries = `      - id: user
        run: |
          echo "allowed $(act tcp 198.51.100.1 443)"
          echo "user $(act tcp 203.0.113.9 443)"
      - id: root
        run: |
          set +e
          echo "root $(sudo -n act tcp 203.0.113.9 443)"
          sudo -n systemd-run --quiet --property=StandardOutput=file:/tmp/unit /usr/local/bin/act tcp 203.0.113.9 443
          for i in $(seq 300); do [ -s /tmp/unit ] && break; sleep 0.2; done
          echo "unit $(cat /tmp/unit)"
          echo "sudo $(sudo -n true && echo yes || echo no)"
`

let vm: Vm
beforeAll(async () => {
  vm = await bootSystemd('/opt/actions/runwarden/runwarden/v1', {
    checkout: true,
    memoryMb: 3072,
    modules: ['sch_ingress'],
    compile: ['packages/agent/test/enforce/acts/act.c'],
    files: [
      ...simulatorFiles(),
      { path: '/opt/plain.yml', content: workflow('', tries) },
      {
        path: '/opt/hardened.yml',
        content: workflow('          disable-sudo: true\n          after-job: keep\n', tries),
      },
    ],
  })
  await vm.run('gcc -o /usr/local/bin/act /runwarden/packages/agent/test/enforce/acts/act.c')
}, 600_000)
afterAll(() => vm?.[Symbol.asyncDispose]())

const run = async (text: string, timeout = 300): Promise<string> => {
  const { stdout, stderr } = await vm.run(text, { timeout })
  return (stdout + stderr).trim()
}

async function job(name: string): Promise<JobResult & { log: string }> {
  const said = await run(runScript(name, 'runner'), 900)
  expect(said).toBe('')
  return JSON.parse(await run(`cat /opt/${name}.json`)) as JobResult & { log: string }
}

const act = (address: string): Promise<string> => run(`act tcp ${address} 443`)

test('a job on a machine of its own: all of it is under the policy, root and its units too; afterwards nothing is', async () => {
  const { status, log, steps, summary } = await job('plain')
  expect(status, log).toBe('success')
  expect(log).toContain('The agent runs as runwarden-job-')
  expect(log).toContain('the whole machine')
  expect(log).toContain('allowed ENETUNREACH')
  for (const who of ['user', 'root', 'unit']) expect(log).toContain(`${who} EPERM`)
  expect(log).toContain('sudo yes')
  expect(summary).toContain('Protected')
  const folder = steps.at(-1)?.outputs['report-path'] ?? ''
  const report = JSON.parse(await run(`cat ${folder}/report.json`)) as Report
  const blocked = report.destinations.filter(({ verdict }) => verdict === 'blocked')
  expect(blocked.flatMap(({ processes }) => processes.map(({ step }) => step))).toEqual(
    expect.arrayContaining(['user', 'root']),
  )
  // The agent ends when it has seen that the worker has.
  const units = "systemctl list-units --no-legend 'runwarden-job-*'"
  expect(
    await run(`for i in $(seq 300); do [ -z "$(${units})" ] && break; sleep 0.2; done; ${units}`),
  ).toBe('')
  expect(await act('203.0.113.9')).toBe('ENETUNREACH')
}, 1_800_000)

if (!partOnly) {
  // The last: the machine is not given back.
  test('disable-sudo: the job has no road to root; after-job: keep: the policy stays until the machine goes', async () => {
    const { status, log } = await job('hardened')
    expect(status, log).toBe('success')
    expect(log).toContain('user EPERM')
    expect(log).toContain('sudo no')
    expect(log).not.toContain('root EPERM')
    expect(await act('203.0.113.9')).toBe('EPERM')
    expect(await act('198.51.100.1')).toBe('ENETUNREACH')
  }, 1_800_000)
}
