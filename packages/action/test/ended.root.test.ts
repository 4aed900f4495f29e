import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { until } from '../../cli/test/runwarden.ts'
import { ActionRig, type Ended } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

const inputs = { 'allowed-endpoints': 'one.example.com:80' }
const stopped = '      - run: curl -sS -m 20 http://two.example.com/ || true\n'
/** Says that it has begun, and goes on for ever. */
const waits = 'touch "$GITHUB_WORKSPACE/begun"; while :; do sleep 0.1; done'

const stages = ({ steps }: Ended): string[] =>
  steps
    .filter(({ action }) => action === 'runwarden')
    .map(({ stage, outcome }) => `${stage} ${outcome}`)
const errors = ({ annotations }: Ended): string[] =>
  annotations
    .filter(({ level, action }) => level === 'error' && action === 'runwarden')
    .map(({ stage, message }) => `${stage}: ${message}`)

test('a job with a failed step is reported all the same', async () => {
  const job = await rig.run({ with: inputs, steps: `${stopped}      - run: exit 3\n` })
  expect(job.status).toBe('failure')
  expect(stages(job)).toEqual(['pre success', 'main success', 'post success'])
  expect(errors(job)).toEqual([])
  expect(job.summary).toContain('two.example.com')
  expect(await rig.reached()).toEqual([])
})

test.for([
  ['that ends by SIGINT', waits],
  ['that ends by SIGKILL only', `trap '' INT TERM; ${waits}`],
] as const)('a cancelled job with a step %s: post runs, and reports', async ([, script]) => {
  await using runner = rig.runner(`cancelled-${script.length}`)
  const job = rig.start(runner, {
    with: inputs,
    steps: `${stopped}      - run: ${script}\n      - run: echo never\n`,
  })
  await until(() => existsSync(join(job.workspace, 'begun')))
  job.cancel()
  const result = await job.ended
  expect(result.status).toBe('cancelled')
  expect(stages(result)).toEqual(['pre success', 'main success', 'post success'])
  expect(result.log).not.toContain('never\n')
  expect(errors(result)).toEqual([])
  expect(rig.report(result).dns.map(({ name, verdict }) => `${name} ${verdict}`)).toContain(
    'two.example.com blocked',
  )
  expect(result.summary).toContain('two.example.com')
  expect(await rig.reached()).toEqual([])
})

test('a job whose worker is killed is ended by the agent', async () => {
  await using runner = rig.runner('killed')
  const job = rig.start(runner, { with: inputs, steps: `      - run: ${waits}\n` })
  await until(() => existsSync(join(job.workspace, 'begun')))
  process.kill(await job.worker, 'SIGKILL')
  await expect(job.ended).rejects.toThrow('has not come to its end')
  // Nobody cleans up what is left of its steps: here the lab does.
  await rig.lab.runner.exec('sh', [
    '-c',
    `kill -9 $(grep -lz "GITHUB_WORKSPACE=${job.workspace}" /proc/[0-9]*/environ | cut -d/ -f3)`,
  ])
})

test('what a step leaves in the background goes out neither after the job nor while it ends, and is ended', async () => {
  const job = await rig.run({
    with: inputs,
    steps: `      - run: |
          cat > tries.sh <<'END'
          trap '' INT TERM HUP
          while :; do curl -sS -m 1 http://203.0.113.9/ || true; sleep 0.05; done
          END
          env -u RUNNER_TRACKING_ID setsid bash tries.sh > tried 2>&1 < /dev/null &
          until grep -q curl tried; do sleep 0.1; done
`,
  })
  expect(job.status, job.log).toBe('success')
  await rig.leavesNothing()
  expect(await rig.reached()).toEqual([])
})

test('a job that fills the disk of its record: there is no report, which is said, and fail-mode: open lets it go on', async () => {
  await rig.mount('-t', 'tmpfs', '-o', 'size=330m,mode=755', 'full', '/var/lib/runwarden')
  const job = await rig.run({
    with: { 'egress-policy': 'audit' },
    steps: `      - run: |
          dd if=/dev/zero of=/var/lib/runwarden/fill bs=64k status=none || true
          for i in $(seq 300); do /bin/true; done
`,
  })
  const said = job.annotations.map(({ stage, level, message }) => `${stage} ${level}: ${message}`)
  expect(said).toEqual([expect.stringMatching(/^post warning: There is no report .*no space left/)])
  expect(job.status, job.log).toBe('success')
  expect(job.summary).toMatch(/NOT PROTECTED\n\nThere is no report .*no space left/)
  await rig.leavesNothing()
  await rig.lab.runner.exec('umount', ['/var/lib/runwarden'])
})

test('nothing is left of any of these', () => rig.leavesNothing())

/** Kills the agent, with what starts it again or without; then tries what is not allowed. */
const kills = (pattern: string, then = '', signal = 'KILL'): string => `      - run: |
          for pid in $(ls /proc | grep '^[0-9]*$'); do
            [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
            readlink "/proc/$pid/exe" | grep -q /program/node || continue
            tr '\\0' ' ' < "/proc/$pid/cmdline" | grep -qE '${pattern}' && echo "$pid"
          done > pids
          kill -${signal} $(cat pids)
          ${then}
          for name in one two; do curl -sS -m 20 "http://$name.example.com/" || true; done
          curl -sS -m 20 http://203.0.113.9/ || true
`
const whole = ' agent --socket '

test.for(['KILL', 'TERM'])(
  'an agent that a step ends (SIG%s) is started again: the policy held, and the job is not green',
  async (signal) => {
    const job = await rig.run({
      with: inputs,
      steps: kills(
        '^[^ ]*( --[^ ]*)+ [^ ]*/cli/src/main.js',
        'until grep -q "[/]agent.sock" /proc/net/unix; do sleep 0.1; done',
        signal,
      ),
    })
    expect(job.status, job.log).toBe('failure')
    expect(errors(job)).toEqual([expect.stringMatching(/^post: .*agent was killed/)])
    await rig.leavesNothing()
    expect((await rig.reached()).filter((line) => !line.startsWith('one.'))).toEqual([])
  },
)

test('a post that begins while the agent is started again is told that it was killed, and is not taken for an imitation', async () => {
  const job = await rig.run({
    with: inputs,
    steps: kills('^[^ ]*( --[^ ]*)+ [^ ]*/cli/src/main.js').replace(/ {10}for name in[^]*/, ''),
  })
  expect(job.status, job.log).toBe('failure')
  expect(stages(job)).toEqual(['pre success', 'main success', 'post failure'])
  expect(errors(job)).toEqual([expect.stringMatching(/^post: .*the agent was killed/i)])
  expect(job.log).not.toContain('in the name of the action')
  expect(job.summary).toMatch(/NOT PROTECTED|Enforced with gaps/)
  await rig.leavesNothing()
})

test.for(['KILL', 'TERM'])(
  'an agent that a step ends for good (SIG%s): the policy held, and the job is not green',
  async (signal) => {
    const job = await rig.run({ with: inputs, steps: kills(whole, '', signal) })
    expect(job.status, job.log).toBe('failure')
    expect(errors(job)).toEqual([expect.stringMatching(/^post: /)])
    expect(job.summary).toMatch(/not protected/i)
    expect((await rig.reached()).filter((line) => !line.startsWith('one.'))).toEqual([])
  },
)

test('an agent that a step kills for good, with fail-mode: open: a warning, and a summary that says so', async () => {
  const job = await rig.run({ with: { ...inputs, 'fail-mode': 'open' }, steps: kills(whole) })
  expect(job.status, job.log).toBe('success')
  expect(job.annotations.map(({ level, stage }) => `${stage} ${level}`)).toEqual(['post warning'])
  expect(job.summary).toMatch(/not protected/i)
})

test.for([
  ['stops', 'STOP'],
  ['kills for good', 'KILL'],
])(
  'an agent that a step %s, and a post that it has say nothing: the job is not green',
  async ([, signal]) => {
    const post = rig.place.at('actions/runwarden/runwarden/v1/dist/action/post.js')
    const released = readFileSync(post)
    const steps = `${kills(whole, '', signal)}          echo > ${post}\n`
    {
      await using runner = rig.runner(`silenced-${signal}`)
      const job = rig.start(runner, { with: inputs, steps })
      await expect(job.ended).rejects.toThrow('has not come to its end')
      writeFileSync(post, released)
      if (signal === 'STOP')
        for (const pid of readFileSync(join(job.workspace, 'pids'), 'utf8').trim().split('\n'))
          process.kill(Number(pid), 'SIGCONT')
    }
    expect((await rig.reached()).filter((line) => !line.startsWith('one.'))).toEqual([])
  },
)
