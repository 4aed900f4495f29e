import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event, Report } from '@runwarden/events'
import { type Agent, AgentRig } from './agent-rig.ts'
import { type Ended, until } from './runwarden.ts'

/** Of the action's first stage; the later ones know it. */
export const nonce = 'ab'.repeat(32)

/** An action that asks the agent, a request of its own in each stage, and puts the answers into the log. */
function makeAction(folder: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'action.yml'),
    `name: ask
description: asks the agent
inputs:
  socket: { required: true }
  pre: {}
  main: {}
  post: {}
runs:
  using: node24
  pre: pre.js
  main: main.js
  post: post.js
  post-if: always()
`,
  )
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  for (const stage of ['pre', 'main', 'post'])
    writeFileSync(
      join(folder, `${stage}.js`),
      `import { ask } from ${JSON.stringify(askAgent)}
for (const request of JSON.parse(process.env.INPUT_${stage.toUpperCase()} || '[]'))
  console.log('answer: ' + JSON.stringify(await ask(request)))
`,
    )
}

const policy = (...allow: string[]): { name: string; text: string } => ({
  name: 'the workflow',
  text: `version: 1\negress: block\nallow: ${JSON.stringify(allow)}\n`,
})

/** The program that asks an agent for what its arguments say. */
export const askAgent = join(import.meta.dirname, 'acts/ask-agent.mjs')

/** A word for a shell. */
export const request = (value: unknown): string => `'${JSON.stringify(value)}'`

/** But for engines that other tests run on this machine at the same time. */
export const ownGaps = (gaps: readonly string[]): string[] =>
  gaps.filter((gap) => !gap.includes('makes containers outside'))

/** Requests to the agent in each stage of the action. */
export interface Asked {
  pre?: unknown[]
  main?: unknown[]
  post?: unknown[]
}

/** Steps of a workflow whose first one is the action. */
export const asking = (
  socket: string,
  { pre = [], main = [], post = [] }: Asked,
  steps: string,
): string => `      - uses: acme/ask@v1
        with:
          socket: ${socket}
          pre: '${JSON.stringify(pre)}'
          main: '${JSON.stringify(main)}'
          post: '${JSON.stringify(post)}'
${steps}`

/** What the agent answered, in the order of the requests. */
export const answers = (
  log: string,
): { ok: boolean; code?: string; value?: { folder?: string; gaps?: string[] } }[] =>
  [...log.matchAll(/answer: (\{.*\})/g)].map(([, text = '']) => JSON.parse(text))

/** The request to arm a job. @param allow endpoints of its policy */
export const begin = (workspace: string, allow: string[]) => ({
  op: 'begin',
  nonce,
  job: {
    policy: policy(...allow),
    blockList: null,
    rules: [],
    workspace,
    scope: 'job',
    afterJob: 'end',
    failMode: 'closed',
    failOn: 'none',
    granted: null,
    imposters: [],
  },
})

/** Requests of a job that goes well. */
export const whole = (workspace: string, ...allow: string[]): Asked => ({
  pre: [begin(workspace, allow)],
  main: [{ op: 'status', nonce }],
  post: [
    { op: 'report', nonce },
    { op: 'end', nonce },
  ],
})

/** How an agent ended by itself. */
export const exited = async (agent: Agent): Promise<number | null> => {
  await until(() => agent.child.exitCode !== null)
  return agent.child.exitCode
}

interface RunningJob {
  cgroup: string
  workspace: string
  ended: Promise<Ended>
}

/** Agents that jobs ask: each job has an action that does, as its first step. */
export class AskingJobs implements AsyncDisposable {
  readonly rig: AgentRig

  private constructor(rig: AgentRig) {
    this.rig = rig
  }

  static async start(): Promise<AskingJobs> {
    return new AskingJobs(await AgentRig.start())
  }

  /** An agent without a scope of its own, which jobs may ask. */
  async agentFor(name: string): Promise<{ agent: Agent; socket: string; out: string }> {
    const { place } = this.rig
    const socket = place.at(`${name}.sock`)
    const out = place.at(`${name}-out`)
    const state = place.at(`${name}-state`)
    const agent = this.rig.spawn('--socket', socket, '--out', out, '--state', state)
    await until(() => existsSync(socket))
    return { agent, socket, out }
  }

  /** Starts a job that asks the agent at a socket. @param steps what it does else */
  run(name: string, socket: string, asked: Asked, steps: string, cgroup?: string): RunningJob {
    return this.runSteps(name, asking(socket, asked, steps), cgroup)
  }

  /** The same of a job whose first step is another one. */
  runSteps(name: string, steps: string, cgroup = this.rig.cgroup()): RunningJob {
    const actions = this.rig.place.at('actions')
    makeAction(join(actions, 'acme/ask/v1'))
    return { cgroup, ...this.rig.job(cgroup, name, steps, { actions }) }
  }

  /** What the agent left of the only job of its own. */
  left(out: string): { folder: string; report: Report; events: Event[] } {
    const [name = ''] = readdirSync(join(out, 'jobs'))
    const folder = join(out, 'jobs', name)
    return { folder, report: this.rig.place.report(folder), events: this.rig.place.events(folder) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]()
  }
}
