import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { JobRequest } from '@runwarden/events'
import type { FailMode } from '@runwarden/policy'
import { AgentClient, AgentRefusal } from './client.ts'
import { sayUnprotected } from './control-plane.ts'
import { explain, fail, runStage, warn } from './failure.ts'
import { skippedBy } from './github-api.ts'
import { findImposters } from './imposters.ts'
import { InputError } from './input-error.ts'
import { type Inputs, readInputs } from './inputs.ts'
import { Log } from './log.ts'
import { describeMachine, type Machine, scopeOf, unsupported } from './machine.ts'
import { isObserved } from './observe/gaps.ts'
import { startObserver } from './observe/observer.ts'
import { type Decided, decide, withoutServer } from './sources.ts'
import { startAgent, type StartedAgent, stopAgent } from './start.ts'
import { keep, type State, type Watching } from './state.ts'
import { version } from './version.ts'

/** The first stage of the action: the job is armed when it has ended, or the job says that it is not. */
const log = new Log()
const { env } = process

async function pre(): Promise<void> {
  let inputs: Inputs
  try {
    inputs = readInputs(env)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    notArmed(`The inputs of the action cannot be used:\n${error.message}`, {
      ...unknown,
      failMode: error.failMode,
    })
    return
  }
  for (const warning of inputs.warnings) warn(log, warning)
  const state: Omit<State, 'watching'> = {
    failMode: inputs.failMode ?? (inputs.egressPolicy === 'audit' ? 'open' : 'closed'),
    failOn: inputs.failOn,
    report: inputs.report,
    insightsUrl: null,
  }
  const machine = await describeMachine()
  // It is copied and started while others are asked.
  const starting = startFor(machine)
  // That it failed is told where it is waited for: until then node would end this program for it, without a word.
  starting.catch(() => {})
  let decided: Decided | undefined
  try {
    const [skip, made, { imposters, warnings }] = await Promise.all([
      skipped(inputs),
      decide(inputs, env, log),
      findImposters(env, inputs.token),
    ])
    decided = made
    for (const warning of warnings) log.line(warning)
    state.failMode = decided.policy.failMode
    state.insightsUrl = decided.insightsUrl
    for (const warning of decided.policy.warnings) warn(log, warning)
    const reason = skip ?? decided.skip
    if (reason === null) {
      const watching = await watch(inputs, { ...decided, imposters }, machine, await starting)
      if (watching.by !== 'agent') await tellServer(decided)
      keep({ ...state, watching })
      return
    }
    const said = `Nothing of this job is watched or stopped: ${reason}.`
    log.notice(said, 'Runwarden')
    await stop(starting)
    keep({ ...state, watching: { by: 'nobody', reason: said, fails: false } })
  } catch (error) {
    await stop(starting)
    if (decided !== undefined) await tellServer(decided)
    if (error instanceof AgentRefusal && error.code === 'JOB_HERE') secondUse(explain(error), state)
    else notArmed(explain(error), state)
  }
}

/** An agent of this job's own, where the machine has none, and could have one. */
async function startFor(machine: Machine): Promise<StartedAgent | null> {
  if (machine.agent !== null || unsupported(machine) !== null) return null
  return startAgent({ agentRoot: join(import.meta.dirname, 'agent'), node: process.execPath })
}

async function stop(starting: Promise<StartedAgent | null>): Promise<void> {
  try {
    const own = await starting
    if (own !== null) await stopAgent(own)
  } catch (error) {
    log.line(explain(error))
  }
}

/** The control plane knows of the job, and waits for an agent that does not come. */
async function tellServer({ server, policy }: Decided): Promise<void> {
  if (server === null) return
  try {
    await sayUnprotected(server, policy.egress)
  } catch (error) {
    log.line(`The control plane does not know that this job is not protected: ${explain(error)}`)
  }
}

/** The first that says so: an administrator of the repository. Where nobody can tell, the job is watched. */
async function skipped({ token }: Inputs): Promise<string | null> {
  try {
    const property = await skippedBy(env, token)
    return property === null ? null : `the repository's custom property ${property} is true`
  } catch (error) {
    log.line(`${explain(error)} The job is watched.`)
    return null
  }
}

async function watch(
  inputs: Inputs,
  decided: Decided & Pick<JobRequest, 'imposters'>,
  machine: Machine,
  own: StartedAgent | null,
): Promise<Watching> {
  const { scope, why } = scopeOf(machine, inputs)
  const job: JobRequest = {
    policy: { name: decided.policy.name, text: decided.policy.text },
    blockList: decided.blockList,
    server: decided.server,
    rules: decided.rules,
    workspace: env['GITHUB_WORKSPACE'] ?? process.cwd(),
    scope,
    afterJob: inputs.afterJob,
    failMode: decided.policy.failMode,
    failOn: inputs.failOn,
    ...runnerOf(machine),
    granted: inputs.permissions,
    imposters: decided.imposters,
  }
  const problem = unsupported(machine)
  if (problem !== null)
    return withoutAgent(machine, problem, withoutServer(job), decided.policy.failMode)
  const nonce = randomBytes(32).toString('hex')
  const socket = own?.socket ?? machine.agent ?? ''
  const armed = await new AgentClient(socket, nonce).begin(job)
  log.group(
    `Runwarden: armed in ${armed.armedMs} ms, egress-policy ${armed.egress}, tier ${armed.tier}`,
    [
      ...decided.policy.notes,
      own === null
        ? 'An agent is installed on this machine.'
        : `The agent runs ${own.unit === null ? 'under a supervisor of its own' : `as ${own.unit}`}.`,
      `Watched: ${armed.scope === 'host' ? 'the whole machine' : `this job, in ${armed.cgroup}`}: ${why}.`,
      ...machineNotes(machine),
      ...armed.warnings,
    ],
  )
  log.document('Runwarden: the policy of this job', decided.policy.text)
  return { by: 'agent', socket, nonce, own: own?.folder ?? null }
}

function machineNotes(machine: Machine): string[] {
  const { runner } = runnerOf(machine)
  return runner === undefined ? [] : [`The runner is of ${runner}.`]
}

function runnerOf({ thirdParty, hosted }: Machine): Pick<JobRequest, 'runner'> {
  if (hosted) return { runner: 'GitHub' }
  return thirdParty === null ? {} : { runner: thirdParty.name }
}

/** @throws Error when the job may not go on without */
async function withoutAgent(
  { platform }: Machine,
  problem: string,
  job: JobRequest,
  failMode: FailMode,
): Promise<Watching> {
  if (failMode === 'closed')
    throw new Error(
      isObserved(platform)
        ? `${problem} With fail-mode: open it runs unprotected, and is observed as far as the system shows it.`
        : problem,
    )
  warn(log, `NOT PROTECTED. ${problem}`)
  if (!isObserved(platform)) return { by: 'nobody', reason: problem, fails: false }
  const observer = await startObserver(
    {
      folder: join(
        env['RUNNER_TEMP'] ?? process.cwd(),
        `runwarden-${randomBytes(6).toString('hex')}`,
      ),
      version,
      command: [env['GITHUB_WORKFLOW'] ?? '', env['GITHUB_JOB'] ?? ''],
      job,
      github: {
        repository: env['GITHUB_REPOSITORY'] ?? null,
        apiUrl: env['GITHUB_API_URL'] ?? null,
        serverUrl: env['GITHUB_SERVER_URL'] ?? null,
        granted: job.granted,
      },
      worker: process.ppid,
      platform,
      everyMs: 1000,
    },
    join(import.meta.dirname, 'observer.js'),
  )
  return { by: 'observer', observer, reason: problem }
}

const unknown = { failOn: 'none', report: 'none', insightsUrl: null } as const

/** One annotation, and what fail-mode says. */
function notArmed(why: string, state: Omit<State, 'watching'>): void {
  const fails = state.failMode === 'closed'
  if (fails) fail(log, `${why}\nThe job is not protected, so it fails (fail-mode: closed).`)
  else warn(log, `NOT PROTECTED: this job goes on unwatched (fail-mode: open). ${why}`)
  try {
    keep({ ...state, watching: { by: 'nobody', reason: why, fails } })
  } catch (error) {
    // The job has failed already; later stages say that this one did not come to its end.
    if (!fails) throw error
  }
}

/** The job is protected, by the policy of the first use: that this one's is not in force is what `fail-mode` is for. */
function secondUse(why: string, state: Omit<State, 'watching'>): void {
  const fails = state.failMode === 'closed'
  const said = `This use of the action does nothing: the job is watched already, and the policy of the first use holds. ${why}`
  if (fails)
    fail(
      log,
      `${said}\nThe policy of this use is not in force, so the job fails (fail-mode: closed).`,
    )
  else warn(log, said)
  keep({ ...state, watching: { by: 'another', reason: said, fails } })
}

// A job that is cancelled now still has to be told of: what was started is handed on first. The runner does not wait long.
process.on('SIGINT', () => {})

await runStage(log, pre, 'The action failed before the job was armed')
