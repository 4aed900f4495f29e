import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ActionRig, type Ended } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

const request = '      - id: request\n        run: curl -sS -m 20 http://one.example.com/ || true\n'

/** What the action said in annotations, without what GitHub says itself. */
const said = ({ annotations }: Ended): string[] =>
  annotations
    .filter(({ message }) => !message.startsWith('Unexpected input'))
    .map(({ level, stage, message }) => `${stage} ${level}: ${message}`)

const outcome = ({ steps }: Ended, action: string): string | undefined =>
  steps.find((step) => step.action === action && step.stage === 'main')?.outcome

/** One error in pre, nothing else ran, nothing went out. */
async function expectRefused(job: Ended, why: RegExp): Promise<void> {
  expect(job.status, job.log).toBe('failure')
  expect(said(job)).toEqual([expect.stringMatching(/^pre error: /)])
  expect(said(job)[0]).toMatch(why)
  expect(said(job)[0]).toContain('not protected')
  expect(job.summary).toMatch(/NOT PROTECTED/)
  expect(outcome(job, 'request')).toBe('skipped')
  expect(await rig.reached()).toEqual([])
}

/** One warning in pre, a summary that says so, and the job goes on. */
async function expectUnprotected(job: Ended, why: RegExp): Promise<void> {
  expect(job.status, job.log).toBe('success')
  expect(said(job).filter((line) => line.startsWith('pre'))).toEqual([
    expect.stringMatching(/^pre warning: NOT PROTECTED/),
  ])
  expect(said(job)[0]).toMatch(why)
  expect(job.summary).toMatch(/not protected/i)
  expect(await rig.reached()).toEqual(['one.example.com 80 tcp'])
}

test.for([
  ['egress-policy', { 'egress-policy': 'blok' }, /egress-policy.*blok.*block/s],
  [
    'an endpoint',
    { 'allowed-endpoints': 'one.example.com:80\nb:99999' },
    /allowed-endpoints:2:1: .*b:99999/,
  ],
  ['a switch', { 'disable-sudo': 'yess' }, /disable-sudo.*yess/s],
  ['a preset', { presets: 'githb-actions' }, /presets.*githb-actions.*github-actions/s],
  ['a detection', { lockdown: 'reverse-shel' }, /lockdown.*reverse-shel.*reverse-shell/s],
  ['a fail mode', { 'fail-mode': 'opened' }, /fail-mode.*opened/s],
  ['two policies', { policy: 'a', 'policy-file': 'b.yml' }, /policy-file/],
  ['a file that is not there', { 'policy-file': 'none/here.yml' }, /none\/here\.yml/],
] as const)('wrong inputs (%s): one annotation, and no step runs', async ([, inputs, why]) => {
  await expectRefused(await rig.run({ with: inputs, steps: request }), why)
})

test('wrong inputs, and a step of the action that may fail: the job goes on, and each stage says that it is not protected', async () => {
  const steps = `        continue-on-error: true\n${request}`
  const job = await rig.run({ with: { 'egress-policy': 'blok' }, steps })
  expect(job.status, job.log).toBe('success')
  expect(said(job)).toEqual([
    expect.stringMatching(/^pre error: .*egress-policy/s),
    expect.stringMatching(/^main error: NOT PROTECTED.*egress-policy/s),
  ])
  expect(job.summary).toMatch(/NOT PROTECTED/)
  expect(await rig.reached()).toEqual(['one.example.com 80 tcp'])
})

test('wrong inputs with fail-mode: open, however many: the job goes on, and says that it is not protected', async () => {
  const urls = Array.from(
    { length: 1500 },
    (_, at) => `https://${at}.${'long.'.repeat(8)}example.com/`,
  )
  const inputs = {
    'fail-mode': 'open',
    'egress-policy': 'blok',
    'allowed-endpoints': urls.join('\n'),
  }
  const job = await rig.run({ with: inputs, steps: request })
  await expectUnprotected(job, /egress-policy/)
  expect(job.summary).toMatch(/… and 14\d\d more lines\./)
})

test('an input that the action does not have is warned of, and the job is protected', async () => {
  const inputs = { 'allowed-endpoint': 'one.example.com:80' }
  const job = await rig.run({ with: inputs, steps: request })
  expect(job.annotations.map(({ message }) => message)).toContainEqual(
    expect.stringContaining("Unexpected input(s) 'allowed-endpoint'"),
  )
  expect(await rig.reached()).toEqual([])
  expect(rig.report(job).protection).toBe('armed')
})

/** Of an ordinary user whom nothing makes root. */
async function unprivileged(inputs: Readonly<Record<string, string>>): Promise<Ended> {
  await using runner = rig.runner(`user-${Object.keys(inputs).length}`, { user: 'nobody' })
  return await rig.start(runner, { with: inputs, steps: request }).ended
}

test('a user without a way to root: one annotation, and no step runs', async () => {
  await expectRefused(await unprivileged({}), /root/)
})

test('a user without a way to root, and fail-mode: open: the job goes on, and says that it is not protected', async () => {
  await expectUnprotected(await unprivileged({ 'fail-mode': 'open' }), /root/)
})

const dead = { 'server-url': 'https://control.example.com', policy: 'team' }
/** The job's token may be asked for an identity: by nobody, as there is no such server. */
const services = {
  ACTIONS_ID_TOKEN_REQUEST_URL: 'https://identity.example.com/token?api-version=2.0',
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'identity-token',
}

test('a control plane that is down, and on-server-failure: fail: one annotation, and no step runs', async () => {
  const inputs = { ...dead, 'on-server-failure': 'fail' }
  await expectRefused(await rig.run({ with: inputs, steps: request }, { services }), /example\.com/)
})

test('a control plane that is down, and on-server-failure: local: what the workflow says holds', async () => {
  const inputs = {
    ...dead,
    'on-server-failure': 'local',
    'allowed-endpoints': 'two.example.com:80',
  }
  const steps = `${request}      - run: curl -sSf -m 20 http://two.example.com/\n`
  const job = await rig.run({ with: inputs, steps }, { services })
  expect(job.status, job.log).toBe('success')
  expect(said(job)[0]).toMatch(/^pre warning: .*example\.com/s)
  expect(await rig.reached()).toEqual(['two.example.com 80 tcp'])
  expect(rig.report(job).egress).toBe('block')
})

test('a control plane that is down, and on-server-failure: audit: nothing is stopped, and the job says so', async () => {
  const inputs = { ...dead, 'on-server-failure': 'audit' }
  const job = await rig.run({ with: inputs, steps: request }, { services })
  expect(job.status, job.log).toBe('success')
  expect(said(job)[0]).toMatch(/^pre warning: .*audit/s)
  expect(await rig.reached()).toEqual(['one.example.com 80 tcp'])
  expect(rig.report(job).egress).toBe('audit')
  // What else could not be watched would still fail, as block mode has it.
  expect(job.log).toContain('fail-mode: closed')
})

test('a disk without room for the agent: one annotation, no step runs, nothing is left', async () => {
  await rig.mount('-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', '/var/lib/runwarden')
  try {
    await expectRefused(await rig.run({ steps: request }), /space/i)
    const { stdout } = await rig.lab.runner.exec('find', ['/var/lib/runwarden', '-type', 'f'])
    expect(stdout).toBe('')
  } finally {
    await rig.lab.runner.exec('umount', ['/var/lib/runwarden'])
  }
})

test('a disk that is full before the record is written: the job fails, as it could not be told what it did', async () => {
  await rig.mount('-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', '/var/lib/runwarden')
  try {
    const job = await rig.run({
      with: { 'allowed-endpoints': 'one.example.com:80' },
      steps: `      - run: dd if=/dev/zero of=/var/lib/runwarden/filled bs=64k status=none || true
${request}      - run: curl -sS -m 20 http://two.example.com/ || true
`,
    })
    expect(job.status, job.log).toBe('failure')
    // The policy held all the same.
    expect(await rig.reached()).toEqual(['one.example.com 80 tcp'])
    expect(said(job).filter((line) => line.startsWith('post error'))).toHaveLength(1)
    await rig.leavesNothing()
  } finally {
    await rig.lab.runner.exec('umount', ['--lazy', '/var/lib/runwarden'])
  }
})

test('where the kernel does not take what ends a silenced job, each stage says so', async () => {
  const found = await rig.lab.runner.exec('find', [
    rig.place.at('actions'),
    '-name',
    'last_stage.bpf.o',
  ])
  const object = found.stdout.trim()
  const whole = readFileSync(object)
  rmSync(object)
  try {
    writeFileSync(object, 'no object')
    const job = await rig.run({
      with: { 'allowed-endpoints': 'one.example.com:80' },
      steps: request,
    })
    expect(job.status, job.log).toBe('success')
    const gap = /the agent alone sees to it that the action's last stage tells of the job/
    expect(job.log).toMatch(new RegExp(`Not seen, or not enforced: ${gap.source}`))
    expect(job.summary).toMatch(/the agent alone sees to it/)
    expect(rig.report(job).health.gaps).toContainEqual(expect.stringMatching(gap))
  } finally {
    rmSync(object)
    writeFileSync(object, whole)
  }
})
