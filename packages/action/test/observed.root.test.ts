import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ActionRig } from './action-rig.ts'

/**
 * The action's life on a machine that it takes for macOS: its first stage is told so, and lsof lies where macOS has it. It
 * shows what becomes of a job that can only be observed, not that macOS is observed well.
 */
let rig: ActionRig

beforeAll(async () => {
  rig = await ActionRig.start()
  const pre = rig.place.at('actions', 'runwarden/runwarden/v1/dist/action/pre.js')
  const platform = "Object.defineProperty(process, 'platform', { value: 'darwin' });\n"
  writeFileSync(pre, platform + readFileSync(pre, 'utf8'))
  const [upper, work] = [rig.place.at('sbin'), rig.place.at('sbin-work')]
  for (const folder of [upper, work]) mkdirSync(folder)
  cpSync('/usr/bin/lsof', `${upper}/lsof`)
  const layers = `lowerdir=/usr/sbin,upperdir=${upper},workdir=${work}`
  await rig.mount('-t', 'overlay', 'overlay', '-o', layers, '/usr/sbin')
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(async () => {
  await rig.leavesNothing()
  await rig.lab.internet.clear()
})

/** Connects, and stays until the observer has told it. */
const steps = `      - run: |
          exec 3<>/dev/tcp/198.51.100.10/9000
          until grep -q net.connect "$RUNNER_TEMP"/runwarden-*/events.ndjson; do sleep 0.2; done
`
const reached = ['one.example.com 9000 tcp']

test('audit mode: the job is observed, and nowhere said to be protected', async () => {
  const job = await rig.run({ with: { 'egress-policy': 'audit' }, steps })
  expect(job.status, job.log).toBe('success')
  expect((await rig.reached()).filter((one) => one.includes('9000'))).toEqual(reached)
  expect(job.annotations.map(({ level, stage }) => `${stage} ${level}`)).toEqual([
    'pre warning',
    'main warning',
  ])
  for (const { message } of job.annotations)
    expect(message).toMatch(/^NOT PROTECTED\. Nothing can be blocked on macOS/)
  expect(job.summary).toContain('Runwarden: NOT PROTECTED')
  expect(job.summary).toContain('Nothing can be blocked on macOS: everything passed')
  expect(job.summary).toContain('198.51.100.10:9000')
  expect(job.log).not.toMatch(/armed/)
  const outputs = rig.outputs(job)
  expect(outputs['blocked-count']).toBe('0')
  expect(outputs['recommended-policy']).toContain('198.51.100.10:9000')
})

test('block mode: the job fails with one annotation, and no step runs', async () => {
  const job = await rig.run({ steps })
  expect(job.status).toBe('failure')
  expect(await rig.reached()).toEqual([])
  expect(job.annotations.map(({ level, stage }) => `${stage} ${level}`)).toEqual(['pre error'])
  expect(job.annotations[0]?.message).toMatch(
    /^Nothing can be blocked on macOS.*\n.*fail-mode: closed/s,
  )
})

test('block mode with fail-mode open: it goes on, loudly, and the policy’s word is a verdict that stops nothing', async () => {
  const inputs = { 'fail-mode': 'open', 'allowed-endpoints': '198.51.100.10:9000' }
  const job = await rig.run({ with: inputs, steps })
  expect(job.status, job.log).toBe('success')
  expect((await rig.reached()).filter((one) => one.includes('9000'))).toEqual(reached)
  expect(job.summary).toContain('Runwarden: NOT PROTECTED')
  expect(job.summary).toContain('198.51.100.10:9000')
  expect(job.summary).not.toContain('would-block')
})
