import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { until } from '../../cli/test/runwarden.ts'
import { ActionRig } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

/** Tries both. */
const both = 'for name in one two; do curl -sS -m 20 "http://$name.example.com/" || true; done'

test('two jobs in a row on one machine have a policy each, and nothing of the other', async () => {
  await using runner = rig.runner('row')
  for (const allowed of ['one', 'two', 'one']) {
    const job = await rig.start(runner, {
      with: { 'allowed-endpoints': `${allowed}.example.com:80` },
      steps: `      - { id: only-${allowed}, run: '${both}' }\n`,
    }).ended
    expect(job.status, job.log).toBe('success')
    expect(await rig.reached()).toEqual([`${allowed}.example.com 80 tcp`])
    expect(rig.report(job).steps.map(({ id }) => id)).toContain(`only-${allowed}`)
    await rig.lab.internet.clear()
  }
})

test('a job without the action, behind one with it, is free again', async () => {
  await using runner = rig.runner('free')
  const first = await rig.start(runner, { steps: `      - run: ${both}\n` }).ended
  expect(first.status, first.log).toBe('success')
  expect(await rig.reached()).toEqual([])
  const file = rig.place.at('free.yml')
  writeFileSync(
    file,
    `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${both}\n`,
  )
  await runner.run(file, {}).ended
  expect(await rig.reached()).toEqual(['one.example.com 80 tcp', 'two.example.com 80 tcp'])
})

test('two jobs at once on one machine: each has its own policy and report', async () => {
  await using one = rig.runner('one')
  await using two = rig.runner('two')
  const meet = `touch "$GITHUB_WORKSPACE/here"; while [ ! -e "$GITHUB_WORKSPACE/both" ]; do sleep 0.1; done; ${both}`
  const jobs = [one, two].map((runner, index) =>
    rig.start(runner, {
      with: { 'allowed-endpoints': `${index === 0 ? 'one' : 'two'}.example.com:80` },
      steps: `      - { id: job-${index}, run: '${meet}' }\n`,
    }),
  )
  for (const { workspace } of jobs) await until(() => existsSync(join(workspace, 'here')))
  for (const { workspace } of jobs) writeFileSync(join(workspace, 'both'), '')
  const [first, second] = await Promise.all(jobs.map(({ ended }) => ended))
  if (first === undefined || second === undefined) throw new Error('two jobs')
  expect([first.status, second.status]).toEqual(['success', 'success'])
  const served = (job: typeof first): string[] =>
    rig
      .report(job)
      .destinations.filter(({ verdict }) => verdict === 'allowed')
      .map(({ host }) => host ?? '')
  expect(served(first)).toEqual(['one.example.com'])
  expect(served(second)).toEqual(['two.example.com'])
  expect((await rig.reached()).toSorted()).toEqual([
    'one.example.com 80 tcp',
    'two.example.com 80 tcp',
  ])
  expect(rig.report(first).steps.map(({ id }) => id)).not.toContain('job-1')
  expect(rig.report(second).steps.map(({ id }) => id)).not.toContain('job-0')
})

test('nothing is left of any of these', () => rig.leavesNothing())
