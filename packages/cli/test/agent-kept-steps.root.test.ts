import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Agent, AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'
import { arrived, arrivedOf } from './ways.ts'

let rig: AgentRig
let cgroup: string
let config: string
let agent: Agent
let agents = 0

beforeAll(async () => {
  rig = await AgentRig.start()
  await rig.lab.serve({ addresses: ['198.51.100.94'], ports: { http: 8080 } })
  cgroup = rig.cgroup()
  const policy = rig.place.at('narrowed.yml')
  writeFileSync(
    policy,
    'version: 1\negress: block\nallow:\n  - endpoint: 198.51.100.94:8080\n    steps: [deploy]\n',
  )
  config = rig.config([{ cgroup, policy, name: 'runner' }])
  for (const folder of ['runner', 'left', 'watched']) mkdirSync(rig.place.at(folder))
  for (const folder of ['runner', 'left'])
    copyFileSync('/bin/dash', rig.place.at(folder, 'Runner.Worker'))
})
afterAll(() => rig[Symbol.asyncDispose]())

async function start(): Promise<void> {
  agent = rig.spawn('--config', config)
  agents = 0
  await armed()
}

async function armed(): Promise<void> {
  agents++
  await agent.says('armed: block', agents)
}

/** A new watch takes the scope over. */
async function reload(workspace: string): Promise<void> {
  const scope = `  - cgroup: ${cgroup}\n    policy: ${rig.place.at('narrowed.yml')}\n    name: runner\n    workspace: ${rig.place.at(workspace)}\n`
  writeFileSync(config, `scopes:\n${scope}state: ${rig.state}\nout: ${rig.place.out}\n`)
  agent.child.kill('SIGHUP')
  await armed()
}

async function restart(): Promise<void> {
  await agent.end('SIGKILL')
  await new Promise((resolve) => setTimeout(resolve, 500))
  await start()
}

/** As GITHUB_ACTION=deploy, once it is asked for. */
const ask = (
  mark: string,
): string => `GITHUB_ACTION=deploy curl -sm20 http://198.51.100.94:8080/${mark}
touch tried-${mark}`

/** A runner's worker, to its end. It takes its time, in which the agent learns of it. */
const work = (script: string): Promise<unknown> =>
  rig.lab.runner.exec(rig.place.at('runner/Runner.Worker'), ['-c', `sleep 1\n${script}\n:`], {
    cgroup,
    cwd: rig.place.path,
  })

async function told(round: string, ...marks: string[]): Promise<void> {
  writeFileSync(rig.place.at(`go-${round}`), '')
  for (const mark of marks) await until(() => existsSync(rig.place.at(`tried-${mark}-${round}`)))
}

const rounds = ['before', 'reloaded', 'restarted'] as const

test('what a step has left behind stays in it, after a reload and after the death of the agent', async () => {
  const worker = rig.place.at('left/Runner.Worker')
  // One that lives on, and one whose processes are all of the last moment: also of the one in which nobody watched.
  writeFileSync(
    rig.place.at('stays.sh'),
    `for round in ${rounds.join(' ')}; do
      while [ ! -e go-$round ]; do sleep 0.05; done
      ${ask('stays-$round')}
    done\n`,
  )
  writeFileSync(
    rig.place.at('forks.sh'),
    `for round in ${rounds.join(' ')}; do
      [ ! -e go-$round ] || ! mkdir forked-$round || ${worker} -c '${ask("forks-'$round'")}
:'
    done
    [ -e go-end ] && exit
    sleep 0.05
    setsid sh forks.sh &\n`,
  )
  await start()
  await work(
    `GITHUB_ACTION=evil sh -c 'setsid ${worker} stays.sh & setsid sh forks.sh &' > said 2>&1 < /dev/null`,
  )
  await told('before', 'stays', 'forks')
  await reload('watched')
  await told('reloaded', 'stays', 'forks')
  await restart()
  await told('restarted', 'stays', 'forks')
  await work(ask('next-job'))
  writeFileSync(rig.place.at('go-end'), '')
  const marks = rounds.flatMap((round) => [`stays-${round}`, `forks-${round}`])
  expect(arrivedOf([...marks, 'next-job'], await arrived(rig.lab))).toEqual(['next-job'])

  const ended = work(
    ['worker-reloaded', 'worker-restarted']
      .map((round) => `while [ ! -e go-${round} ]; do sleep 0.05; done\n${ask(`kept-${round}`)}`)
      .join('\n'),
  )
  // The agent has found it.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await reload('left')
  await told('worker-reloaded', 'kept')
  await restart()
  await told('worker-restarted', 'kept')
  await ended
  const kept = ['kept-worker-reloaded', 'kept-worker-restarted']
  expect(arrivedOf(kept, await arrived(rig.lab))).toEqual(kept)
  await agent.end('SIGTERM')
  expect(agent.said).not.toContain('is not known')
}, 600_000)

test('where what the agent before knew is gone, no running program is taken for a worker, and that is told', async () => {
  const worker = rig.place.at('left/Runner.Worker')
  writeFileSync(
    rig.place.at('lost.sh'),
    `while [ ! -e go-lost ]; do sleep 0.05; done\n${ask('stays-lost')}\n`,
  )
  await start()
  await work(`GITHUB_ACTION=evil sh -c 'setsid ${worker} lost.sh &' > said 2>&1 < /dev/null`)
  await agent.end('SIGKILL')
  // As an agent of another version would find it.
  const [scope = ''] = readdirSync(join(rig.state, 'scopes'))
  const pins = join(rig.state, 'scopes', scope, 'bpf/steps')
  const removed = await rig.lab.runner.exec('rm', ['-r', pins])
  expect(removed.status, removed.stderr).toBe(0)
  await start()
  await told('lost', 'stays')
  await agent.end('SIGTERM')
  expect(agent.said).toContain('which processes steps have left behind here is not known')
  expect(agent.said).toContain(
    'calls itself Runner.Worker, and no agent has seen the runner start it',
  )
  expect(arrivedOf(['stays-lost'], await arrived(rig.lab))).toEqual([])
}, 600_000)
