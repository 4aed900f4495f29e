import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError, textOf } from './stage/error.ts'
import type { StageAnswer, Staged, Stopped } from './stage.ts'

export interface StartOptions {
  /** The bundle's `agent` folder. */
  agentRoot: string
  /** Node.js, 24 or newer, that is to run the agent: process.execPath. */
  node: string
  /** Folder of the folders of jobs' agents. */
  home?: string
  /** From the agent's start until its socket accepts, ms. */
  timeout?: number
}

export interface StartedAgent {
  /** It accepts connections. */
  socket: string
  /** Of systemd; null: a supervisor of ours keeps the agent running. */
  unit: string | null
  /** The agent's own, of root. */
  folder: string
}

/** Not below /run: programs can't be executed there on Debian and Ubuntu, and it is memory. */
const defaultHome = '/var/lib/runwarden/jobs'

/** With the places of sudo that machine.ts knows. */
const environment = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:/run/wrappers/bin',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
}

/**
 * Starts an agent for this job, by root, from a copy of bundle and Node.js that the job can't change, and waits until it
 * listens. It outlives this process. Before any other step ran: what is copied has to be what was released.
 * @throws StartError when there is no way to root, or the agent does not come up; nothing is left then
 */
export async function startAgent(options: StartOptions): Promise<StartedAgent> {
  const { agentRoot, node, home = defaultHome, timeout = 60_000 } = options
  const bundle = realpathSync(agentRoot)
  const stage = join(bundle, 'packages/action/src/stage.js')
  const real = realpathSync(node)
  const { pid, ...started } = await asRoot<Staged>(real, [stage, 'start', home, bundle, real])
  const until = performance.now() + timeout
  while (!(await accepts(started.socket))) {
    const gone = !lives(pid)
    if (!gone && performance.now() < until) {
      await sleep(10)
      continue
    }
    const { lastWords } = await stopAgent(started)
    const what = gone ? 'has ended at its start' : `did not listen within ${timeout / 1000} s`
    throw new StartError(
      gone ? 'AGENT_ENDED' : 'AGENT_SILENT',
      `the agent ${what}${lastWords === '' ? '' : `; its last words:\n${lastWords}`}`,
      '',
    )
  }
  return started
}

/**
 * Ends an agent that startAgent has started, and what it enforces, and removes its folder, its records too. By root's own copy:
 * whoever changes the action's files gains nothing by it.
 * @throws StartError when there is no way to root any more
 */
export async function stopAgent({ folder }: Pick<StartedAgent, 'folder'>): Promise<Stopped> {
  const program = join(folder, 'program')
  const stage = join(program, 'bundle/packages/action/src/stage.js')
  return asRoot(join(program, 'node'), [stage, 'stop', dirname(folder), basename(folder)])
}

/** No shell anywhere: arguments arrive as they are. Of the environment nothing does. */
async function asRoot<Value>(node: string, words: string[]): Promise<Value> {
  const command: [string, ...string[]] = [node, '--disable-warning=ExperimentalWarning', ...words]
  const byRoot = process.getuid?.() === 0
  const [program, ...rest]: [string, ...string[]] = byRoot
    ? command
    : ['sudo', '-n', '--', ...command]
  const { said, failure } = await new Promise<{ said: string; failure: unknown }>((done) => {
    execFile(
      program,
      rest,
      { cwd: '/', env: environment, timeout: 150_000 },
      (error, said, stderr) => {
        done({ said, failure: error === null ? null : Object.assign(error, { stderr }) })
      },
    )
  })
  if (said === '' || failure !== null) throw noRoot(byRoot ? node : 'sudo', failure)
  const answer = JSON.parse(said) as StageAnswer<Value>
  if (answer.ok) return answer.value
  throw new StartError(answer.code, answer.message, answer.advice)
}

function noRoot(program: string, failure: unknown): StartError {
  return new StartError(
    'NO_ROOT',
    `the agent has to be started by root, and ${program} does not do it: ${textOf(failure)}`,
    "let the runner's user use sudo without a password, or install the agent on this machine (docs/agent.md)",
    { cause: failure },
  )
}

function accepts(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.on('error', () => done(false))
  })
}

/** Also of a process that is somebody else's. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
