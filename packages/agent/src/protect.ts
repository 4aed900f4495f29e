import { once } from 'node:events'
import { readFileSync, readlinkSync } from 'node:fs'
import { constants, release } from 'node:os'
import type { GithubFacts, RunFacts } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import type { RuleSet } from '@runwarden/rules'
import type { Baseline } from './baseline.ts'
import type { ChildProcess } from 'node:child_process'
import { AgentError, messageOf } from './errors.ts'
import { EventStream, type EventSink } from './event-stream.ts'
import { groupsOf, planConfinement, requireConfined } from './harden/confinement.ts'
import type { Confinement } from './harden/confinement.ts'
import { findAccount, type Inherited, launch, nothingInherited } from './launcher.ts'
import { policyLines } from './policy-lines.ts'
import { readMachine, requireMachine } from './preflight.ts'
import { sweep } from './run-sweep.ts'
import type { KnownSecret } from './secrets/scanner.ts'
import { Signals } from './signals.ts'
import type { WorkerRule } from './steps.ts'
import { Watch } from './watch/watch.ts'

export interface ProtectSettings {
  version: string
  command: readonly [string, ...string[]]
  compiled: CompiledPolicy
  policyFile: string | null
  /** Name of the one step that the run is; of what is in none, when the command is a runner. */
  step: string
  worker?: WorkerRule | undefined
  user: string | undefined
  /** Absolute; changes of files below it are told. */
  workspace: string
  /** See WatchSettings. */
  governing?: readonly string[] | undefined
  background: 'end' | 'keep'
  /** What the command has from whoever started this process. */
  inherited?: Inherited | undefined
  /** The job's place on GitHub, from whoever started this process. */
  github: GithubFacts
  /** Values to be found in the build log. */
  secrets?: readonly KnownSecret[] | undefined
  /** Rules of detections, those that are built in among them; without, only those. */
  rules?: RuleSet | undefined
  /** Destinations of past runs; undefined: what is new is not told. */
  baseline?: Baseline | undefined
  onEvent: EventSink
  /** Called with the watch, once it is armed and before the command runs. @returns what is called before the watch ends */
  onWatch?: ((watch: Watch) => () => Promise<void>) | undefined
  /** Called when the command has been started, with what is true of the run if this process is killed. */
  onArmed: (facts: RunFacts) => Promise<unknown>
  /** Says a sentence to the person at the terminal. */
  say: (text: string) => void
}

export interface Protected {
  facts: RunFacts
  /** The command's exit status as a shell has it: 128+n when signal n ended it. */
  status: number
}

/** The command was run and its policy enforced to its end, but the record of it is not whole. */
export class BrokenOff extends AgentError {
  /** The command's exit status, as a shell has it. */
  readonly status: number

  constructor(status: number, cause: unknown) {
    super(
      'BROKEN_OFF',
      `the command ended with ${status}, under its policy, but the record of it broke off: ${messageOf(cause)}`,
      'report this with the output of `runwarden doctor`',
      { cause },
    )
    this.name = 'BrokenOff'
    this.status = status
  }
}

/** How long processes that outlived the command get to end by themselves, as GitHub's runner gives them. */
const graceMs = 2000

/** What a shell says of this process when it is killed. */
const killedStatus = 128 + constants.signals.SIGKILL

function statusOf(child: ChildProcess, unnamedSignal = 0): number {
  if (child.signalCode !== null) return 128 + constants.signals[child.signalCode]
  return unnamedSignal > 0 ? 128 + unnamedSignal : (child.exitCode ?? 125)
}

/**
 * Real-time signals have no names in node, which takes an end by one for status 0: the kernel's word counts.
 * @returns the number of such a signal, 0 when none has been told to have ended the command
 */
function followUnnamedSignal(stream: EventStream, child: ChildProcess): () => number {
  let told: number | undefined
  stream.addSink((event) => {
    // The first end with this pid: another process may get it later.
    if (event.kind === 'process.exit' && event.pid === child.pid) told ??= event.signal ?? 0
  })
  return () => (told !== undefined && !Object.values(constants.signals).includes(told) ? told : 0)
}

/**
 * Runs a command in a scope of its own, armed before its first instruction, and tells all that it
 * and its descendants do. Leaves nothing behind.
 * @throws AgentError, BpfError when it can't be armed; Interrupted when a signal came first; then
 * the command was not run.
 */
export async function protect(settings: ProtectSettings): Promise<Protected> {
  const startTime = Date.now()
  using signals = new Signals((settings.inherited ?? nothingInherited).ignored)
  requireMachine(readMachine())
  const confinement = confine(settings)
  for (const sentence of await sweep()) settings.say(sentence)
  const stream = new EventStream(`run-${process.pid}-${startTime.toString(36)}`)
  stream.addSink(settings.onEvent)
  const withoutEngines = confinement !== undefined
  const watch = await Watch.arm({ ...settings, stream, outputs: [1, 2], withoutEngines })
  const unwatch = settings.onWatch?.(watch)
  let child: ChildProcess
  let unnamedSignal: () => number
  try {
    signals.check()
    child = launch({
      scope: watch.scope,
      command: settings.command,
      inherited: settings.inherited,
      user: settings.user,
      dropNetRaw: settings.compiled.egress === 'block',
      confinement,
    })
    signals.passTo(child)
    unnamedSignal = followUnnamedSignal(stream, child)
    await once(child, 'spawn')
  } catch (error) {
    await unwatch?.()
    await watch.scope.end(0)
    await watch.close()
    throw error
  }
  try {
    const soFar: RunFacts = {
      ...commonFacts(settings, stream.scope, startTime),
      protection: 'armed',
      exitStatus: killedStatus,
      leftOver: [],
      health: watch.healthSoFar(),
    }
    await Promise.all([once(child, 'exit'), settings.onArmed(soFar)])
    await unwatch?.()
    const leftOver = listLeftOver(watch, settings.background)
    if (settings.background === 'end') await watch.scope.end(graceMs)
    const health = await watch.finish()
    if (settings.background === 'keep' && watch.scope.isPopulated()) {
      settings.say(
        'processes of the command go on; their policy stays enforced, and is cleaned up by the next start of runwarden after their end',
      )
      await watch.abandon()
    } else {
      await watch.close()
    }
    const status = statusOf(child, unnamedSignal())
    const facts = commonFacts(settings, stream.scope, startTime)
    return {
      status,
      facts: { ...facts, protection: 'armed', exitStatus: status, leftOver, health },
    }
  } catch (error) {
    await unwatch?.()
    throw await brokenOff(watch, child, error)
  }
}

/** What the policy takes from the command, tried before anything is made. @throws AgentError */
function confine({ compiled, user }: ProtectSettings): Confinement | undefined {
  if (compiled.hardening === 'none') return undefined
  const account = user === undefined ? undefined : findAccount(user)
  const confinement = planConfinement(
    compiled.hardening,
    account === undefined ? undefined : { ...account, groups: groupsOf(account.name) },
  )
  requireConfined(confinement)
  return confinement
}

/** What is left of a run whose agent failed while the command ran: it goes on to its end under the policy. */
async function brokenOff(watch: Watch, child: ChildProcess, cause: unknown): Promise<BrokenOff> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  try {
    await watch.scope.end(graceMs)
    await watch.close()
  } catch {
    // What failed first is told; what is left is cleaned up by the next start.
  }
  return new BrokenOff(statusOf(child), cause)
}

/** Runs the command without any protection (fail-mode open); the facts say so. */
export async function runUnprotected(
  settings: ProtectSettings,
  reason: string,
): Promise<Protected> {
  const startTime = Date.now()
  using signals = new Signals((settings.inherited ?? nothingInherited).ignored)
  const { command, inherited, user } = settings
  const child = launch({ command, inherited, user, dropNetRaw: false })
  signals.passTo(child)
  await once(child, 'exit')
  return {
    status: statusOf(child),
    facts: {
      ...commonFacts(settings, 'none', startTime),
      protection: 'unprotected',
      exitStatus: statusOf(child),
      leftOver: [],
      health: {
        tier: 'none',
        armedMs: null,
        hooks: [],
        eventsLost: {},
        gaps: [`nothing was watched or stopped: ${reason}`],
      },
    },
  }
}

/** What a report says of a command that was not run. */
export function notRun(settings: ProtectSettings, reason: string, status: number): RunFacts {
  return {
    ...commonFacts(settings, 'none', Date.now()),
    protection: 'not-run',
    exitStatus: status,
    leftOver: [],
    health: { tier: 'none', armedMs: null, hooks: [], eventsLost: {}, gaps: [reason] },
  }
}

function commonFacts(settings: ProtectSettings, scope: string, startTime: number) {
  return {
    version: settings.version,
    scope,
    command: [...settings.command],
    step: settings.step,
    egress: settings.compiled.egress,
    policyFile: settings.policyFile,
    ...policyLines(settings.compiled),
    startTime,
    endTime: Date.now(),
    kernel: `Linux ${release()}`,
    workspace: settings.workspace,
    filesUnwatched: settings.compiled.filesUnwatched,
    github: settings.github,
  }
}

function listLeftOver(watch: Watch, background: 'end' | 'keep'): RunFacts['leftOver'] {
  const found: RunFacts['leftOver'] = []
  for (const pid of watch.scope.processes().slice(0, 1000)) {
    // Before the others: who has ended by then is not taken for somebody who is not known.
    const execId = watch.execIdOf(pid)
    try {
      const exe = readlinkSync(`/proc/${pid}/exe`)
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const zombie = stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
      if (!zombie) found.push({ execId, pid, exe, ended: background === 'end' })
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  return found
}
