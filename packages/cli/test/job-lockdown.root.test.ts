import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { makeAction } from './job-action.ts'
import { prepareJob } from './job.ts'
import { gather, until } from './runwarden.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
})
afterAll(() => rig[Symbol.asyncDispose]())

const dial = 'http://198.51.100.10/'
const policy = `egress: block
allow: ['198.51.100.10:80']
lockdown: [runner-worker-memory-read]
`
/** The last stage tries to get out, and to start something. */
const way = `await fetch('${dial}').then(({ status }) => status, ({ cause }) => cause.code)`
const post = {
  way,
  child: "spawnSync('true').signal",
}

/** Reads the memory of the runner's worker. */
const thief = `
          worker=$PPID
          head -c 1 /proc/$worker/mem || true`

test('a job that is ended has no process left but its worker, which goes on to the stage that tells why', async () => {
  const socket = rig.place.at('lock.sock')
  const out = rig.place.at('lock-out')
  const agent = rig.spawn('--socket', socket, '--out', out, '--state', rig.place.at('lock-state'))
  await until(() => existsSync(socket))
  const actions = rig.place.at('actions')
  makeAction(join(actions, 'acme/lock/v1'), rig.place.at('locked/work'), {
    policy,
    post,
    after: { after: way },
  })
  const cgroup = rig.cgroup()
  const engine = rig.place.at('dockerd')
  copyFileSync('/bin/sleep', engine)
  const daemon = rig.lab.runner.spawn(engine, ['1000'])
  onTestFinished(() => void daemon.kill('SIGKILL'))
  const { command, workspace } = prepareJob(
    rig.place.at('locked'),
    `      - uses: acme/lock@v1
        with: { socket: ${socket} }
      - id: early
        run: |
          curl -sS ${dial} > reached
          setsid tail ${join(actions, 'acme/lock/v1/post.js')} -f > /dev/null 2>&1 & echo $! > pid
          setsid sh -c 'while :; do (echo >> alive); sleep 0.05; done' > /dev/null 2>&1 &
      - id: thief
        run: |${thief}
          exec tail ${join(actions, 'acme/lock/v1/post.js')} -f
      - id: later
        if: always()
        run: touch later
`,
    { actions },
  )
  const [program, ...args] = command
  const ended = await gather(rig.lab.runner.spawn(program, args, { cgroup, stdio: 'pipe' }))
  // Engines of other tests may be named beside it.
  expect(agent.said).toMatch(
    /dockerd \(process \d+\)[^\n]* makes containers outside of this job's scope/,
  )
  expect(ended.stdout).toMatch(/armed: .*"ok":true/)
  expect(ended.status).toBe(1)
  expect(existsSync(join(workspace, 'reached'))).toBe(true)
  expect(existsSync(join(workspace, 'later'))).toBe(false)
  const said = /post: (\{.*\})/.exec(ended.stdout)?.[1]
  expect(said, ended.stdout).toBeDefined()
  const { way: reached, child, report, end, after } = JSON.parse(said ?? '{}')
  expect({ reached, child }).toEqual({ reached: 'EPERM', child: 'SIGKILL' })
  // Nor does it open the way by saying that the job is over.
  expect({ end, after }).toEqual({ end: { ok: true, value: {} }, after: 'EPERM' })
  const { detections } = JSON.parse(
    readFileSync(join(report.value.folder as string, 'report.json'), 'utf8'),
  )
  const found = detections.map(({ id, step }: { id: string; step: string }) => [id, step])
  expect(found, JSON.stringify(detections.map(({ text }: { text: string }) => text))).toEqual([
    ['runner-worker-memory-read', 'thief'],
    ['job-locked-down', 'thief'],
    ['destination-blocked', '__acme_lock'],
  ])
  // What the job has left behind has ended with it, also what looks like the stage that is spared.
  const left = readFileSync(join(workspace, 'pid'), 'utf8').trim()
  expect(() => readlinkSync(`/proc/${left}/exe`)).toThrow('ENOENT')
  const alive = readFileSync(join(workspace, 'alive')).length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(readFileSync(join(workspace, 'alive')).length).toBe(alive)
  await until(() => agent.child.exitCode !== null)
  expect(agent.child.exitCode).toBe(0)
  expect(readdirSync(cgroup).filter((name) => name.startsWith('runwarden.job'))).toEqual([])
}, 120_000)

test('a job that was ended stays so when its agent is killed and another one takes over', async () => {
  const socket = rig.place.at('next.sock')
  const [began, again] = [rig.place.at('began'), rig.place.at('again')]
  const words = ['--socket', socket, '--out', rig.place.at('next-out')]
  const start = () => rig.spawn(...words, '--state', rig.place.at('next-state'))
  const first = start()
  await until(() => existsSync(socket))
  const actions = rig.place.at('next-actions')
  const wait = `await (async () => {
    const { existsSync, writeFileSync } = await import('node:fs')
    writeFileSync('${began}', '')
    while (!existsSync('${again}')) await new Promise((resolve) => setTimeout(resolve, 50))
  })()`
  const work = rig.place.at('next/work')
  makeAction(join(actions, 'acme/lock/v1'), work, { policy, post: { wait, ...post } })
  const { ended } = rig.job(
    rig.cgroup(),
    'next',
    `      - uses: acme/lock@v1
        with: { socket: ${socket} }
      - id: thief
        run: |${thief}
          sleep 1000
`,
    { actions },
  )
  await until(() => existsSync(began))
  await first.end('SIGKILL')
  const second = start()
  await second.says('armed: block')
  writeFileSync(again, '')
  const { stdout } = await ended
  const said = JSON.parse(/post: (\{.*\})/.exec(stdout)?.[1] ?? '{}')
  expect(said).toMatchObject({ way: 'EPERM', child: 'SIGKILL' })
  await until(() => second.child.exitCode !== null)
}, 120_000)
