import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Report } from '@runwarden/events'
import type { JobResult } from '@runwarden/lab/runner'
import { bootVm, ordinaryPrograms, type Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAction } from './bundled-action.ts'
import { runScript, simulatorFiles } from './vm-job.ts'

const workflow = `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: runwarden/runwarden@v1
        id: runwarden
        with: { allowed-endpoints: '198.51.100.1:443' }
      - id: tries
        shell: sh
        run: |
          echo "allowed $(act tcp 198.51.100.1 443)"
          echo "other $(act tcp 203.0.113.9 443)"
`

/** A machine of arm64 that is a job's alone, without systemd; and the action as it was built for it elsewhere. */
let vm: Vm
beforeAll(async () => {
  const made = mkdtempSync(join(tmpdir(), 'runwarden-arm64-vm-'))
  try {
    makeAction(made, 'arm64')
    vm = await bootVm({
      kernel: '6.1-arm64',
      checkout: true,
      memoryMb: 2048,
      programs: ordinaryPrograms,
      modules: ['sch_ingress'],
      compile: ['packages/agent/test/enforce/acts/act.c'],
      files: [
        ...simulatorFiles(),
        { path: '/opt/actions/runwarden/runwarden/v1', from: made },
        { path: '/opt/arm64.yml', content: workflow },
      ],
    })
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  await vm.run('gcc -o /usr/local/bin/act /runwarden/packages/agent/test/enforce/acts/act.c')
}, 600_000)
afterAll(() => vm?.[Symbol.asyncDispose]())

const run = async (text: string): Promise<string> => {
  const { stdout, stderr } = await vm.run(text, { timeout: 500 })
  return (stdout + stderr).trim()
}

test('the bundle for arm64 arms a job there, tells what it did, and leaves nothing', async () => {
  expect(await run(runScript('arm64'))).toBe('')
  const result = await run('cat /opt/arm64.json')
  const { status, log, steps, summary } = JSON.parse(result) as JobResult & { log: string }
  expect(status, log).toBe('success')
  expect(log).toContain('The agent runs under a supervisor of its own.')
  expect(log).toContain('the whole machine')
  expect(log).toContain('allowed ENETUNREACH')
  expect(log).toContain('other EPERM')
  expect(summary).toContain('Runwarden: Protected')
  const folder = steps.at(-1)?.outputs['report-path'] ?? ''
  const report = JSON.parse(await run(`cat ${folder}/report.json`)) as Report
  expect(report.protection).toBe('armed')
  const blocked = report.destinations.filter(({ verdict }) => verdict === 'blocked')
  expect(blocked.map(({ address, processes }) => [address, processes[0]?.step])).toEqual([
    ['203.0.113.9', 'tries'],
  ])
  // The agent ends when it has seen that the worker has.
  await run(
    'for i in $(seq 600); do ps | grep -q "[/]program/node" || break; sleep 0.2; done; ps | grep "[/]program/node"',
  )
  expect(
    await run('ps | grep "[/]program/node"; find /sys/fs/bpf -type f; act tcp 203.0.113.9 443'),
  ).toBe('ENETUNREACH')
}, 900_000)
