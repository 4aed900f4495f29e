import { join } from 'node:path'
import type { JobRequest } from '@runwarden/events'
import { AgentError } from '../errors.ts'
import { processStart } from '../run-state.ts'
import { hierarchy } from '../service/cgroups.ts'
import type { GovernedScope } from '../service/governed.ts'
import type { ScopeSettings } from '../service/scope-settings.ts'
import type { Watch } from '../watch/watch.ts'
import { cgroupOf } from './job-cgroup.ts'
import { isNonceOf, type KnownJob } from './job-file.ts'
import type { Stage } from './runner.ts'
import type { Asker } from './socket.ts'

/** Codes of errors that mean that somebody imitates the action, or may do so. */
const refusals = new Set(['NOT_A_STAGE', 'REFUSED', 'JOB_HERE', 'UNSEEN'])

/** Whether an error is to be told as an attempt on the agent. */
export function isRefusal(error: unknown): error is AgentError {
  return error instanceof AgentError && refusals.has(error.code)
}

/**
 * Who connects may hand the connection on and end: its number may be another process's when the request comes.
 * @throws AgentError REFUSED
 */
export function requireSameProcess({ pid, start }: Asker): void {
  if (start !== undefined && processStart(pid) === start) return
  throw refused(`process ${pid} connected to the agent, and had ended before it asked`)
}

/**
 * Who asks about a job is a stage of the action that began it, and its post for what ends it.
 * @throws AgentError REFUSED; UNSEEN when it began while no agent was there
 */
export function requireOwnStage(asked: {
  op: 'status' | 'report' | 'end'
  nonce: string
  stage: Stage
  known: KnownJob
  watch: Pick<Watch, 'rootOf'>
  asker: Asker
  /** When this agent was there, clock ticks since boot. */
  armedAt: number
}): void {
  const { op, nonce, stage, known, watch, asker, armedAt } = asked
  const refuse = (why: string): AgentError =>
    refused(
      `process ${stage.pid} asked the agent for '${op}' in the name of the action, and was refused: ${why}`,
    )
  if (!isNonceOf(nonce, known)) throw refuse(`step ${stage.action} does not know the job's nonce`)
  if (stage.action !== known.action)
    throw refuse(`it is of step ${stage.action}, and not of the action's own`)
  const root = watch.rootOf(stage.pid)
  // A step could have had itself taken for it in that time: all that a process says of itself it can choose.
  if (root === undefined && known.records.length > 0 && Number(asker.start) <= armedAt)
    throw new AgentError(
      'UNSEEN',
      `the agent was killed, and the one after it was not there yet when this stage began: whether process ${stage.pid} is the action's own cannot be known any more`,
      'the policy stayed enforced; look at which step ended the agent',
    )
  if (root === undefined || root.step !== known.action)
    throw refuse('the kernel has not told it as the beginning of a step')
  if (op !== 'status' && root.stage !== 'post')
    throw refuse(`it is the action's ${root.stage ?? 'unknown stage'}, and not its post`)
}

/**
 * On a machine with an agent of its own, the policy of a job is taken before any step of it has run.
 * @throws AgentError REFUSED
 */
export function requireFirst({ watch }: GovernedScope, { pid, action }: Stage): void {
  const root = watch.rootOf(pid)
  if (root?.stage === 'pre' && !root.late && root.step === action) return
  throw refused(
    `process ${pid} (step ${action}) asked for a policy, and is not the pre stage of an action before the job's first step`,
    'have the action as the first step of the job',
  )
}

function refused(what: string, advice = 'only the action itself asks the agent'): AgentError {
  return new AgentError('REFUSED', what, advice)
}

/**
 * What a job's policy is to hold for. That the machine is a job's alone is not for a workflow to say where the machine has
 * scopes of its own: their configuration says it.
 */
export function scopeFor(
  { scope }: Pick<JobRequest, 'scope'>,
  configured: readonly Pick<ScopeSettings, 'jobsMayReplace'>[],
): JobRequest['scope'] {
  const mayHaveAll =
    configured.length === 0 || configured.some(({ jobsMayReplace }) => jobsMayReplace)
  return mayHaveAll ? scope : 'job'
}

/**
 * A scope of the configuration on which the job's policy may take the place of the machine's: the very one that it is to
 * hold for. In a wider one the job gets a scope of its own.
 * @param wanted see scopeFor
 */
export function ownScope(
  scope: GovernedScope | undefined,
  worker: number,
  wanted: JobRequest['scope'],
): GovernedScope | undefined {
  const root = hierarchy()
  const own = wanted === 'host' ? root : join(root, cgroupOf(worker))
  return scope?.cgroup === own ? scope : undefined
}

/** Tells in the record of the scope that a process of it was refused. */
export function tellRefusal(
  refusal: AgentError,
  pid: number,
  { watch, stream }: GovernedScope,
): void {
  const process = watch.processAt(pid)
  stream.emit({
    kind: 'detection',
    time: Date.now(),
    execId: process?.execId ?? null,
    step: process?.step ?? null,
    id: 'agent-tampered',
    severity: 'high',
    ...wordsOf(refusal),
    evidence: [],
  })
}

function wordsOf({ code, message }: AgentError): { title: string; text: string } {
  if (code === 'UNSEEN')
    return {
      title: 'the agent was killed, and a stage of the action began before the next one was there',
      text: `${message}. It was told so, and nothing has changed. Look at which step ended the agent: what began meanwhile may also be that step in the action's name.`,
    }
  return {
    title: 'a process of the job asked the agent in the name of the action',
    text: `${message}. It was refused, and nothing has changed. Only the action's own stages, which the runner starts, may ask the agent: look at what this step runs.`,
  }
}
