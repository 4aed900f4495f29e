import { release } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { RunFacts } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import { scopeIdentity } from '@runwarden/sensor'
import { AgentError, messageOf } from '../errors.ts'
import { EventStream } from '../event-stream.ts'
import { githubFacts } from '../https/github-facts.ts'
import { policyLines } from '../policy-lines.ts'
import { Scope } from '../scope.ts'
import { Watch } from '../watch/watch.ts'
import { findCgroup } from './cgroups.ts'
import { enginesOutside } from './engines-outside.ts'
import {
  describeExempt,
  exemptionsOf,
  type ExemptThere,
  exemptThere,
  passesDhcp,
} from './exempt.ts'
import type { ScopeRecord, ScopeSettings, ScopeTarget } from './scope-settings.ts'
import { ScopeState } from './state.ts'

/** A scope as those see it who use it for a job. */
export interface GovernedScope {
  readonly name: string
  readonly settings: ScopeSettings
  /** Directory of its cgroup. */
  readonly cgroup: string
  readonly watch: Watch
  readonly stream: EventStream
  readonly compiled: CompiledPolicy
}

export interface Surroundings {
  version: string
  /** State folder. */
  home: string
  say: (text: string) => void
  /** The agent's own cgroup, when it is below that of a scope. */
  ownBelow: (cgroup: string) => string | undefined
}

/** What is made to govern a scope. */
interface Made {
  compiled: CompiledPolicy
  state: ScopeState
  watch: Watch
  stream: EventStream
  record: ScopeRecord
  exempt: ExemptThere
  /** Milliseconds since 1970. */
  startTime: number
}

/** A scope under the agent's watch, with a record. */
export class Governed implements GovernedScope {
  settings: ScopeSettings
  compiled: CompiledPolicy
  readonly state: ScopeState
  readonly watch: Watch
  readonly stream: EventStream
  /** A job's own: the configuration does not have it. */
  isAdded = false
  /** A job's settings are in force on a scope of the configuration: what is to be when the job has ended; null: nothing. */
  after: ScopeTarget | null | undefined
  readonly #around: Surroundings
  readonly #record: ScopeRecord
  readonly #startTime: number
  /** From the start of the agent, milliseconds. */
  readonly #armedMs = performance.now()
  /** The reports are written: what happens since is in none. */
  #isReported = false
  #exempt: ExemptThere

  private constructor(around: Surroundings, settings: ScopeSettings, made: Made) {
    this.#around = around
    this.settings = settings
    this.compiled = made.compiled
    this.state = made.state
    this.watch = made.watch
    this.stream = made.stream
    this.#record = made.record
    this.#startTime = made.startTime
    this.#exempt = made.exempt
  }

  /**
   * Puts a scope's policy in force.
   * @param handedOver this agent's own watch was in force until now
   * @throws AgentError: which scope, and why
   */
  static async arm(
    { settings, compiled }: ScopeTarget,
    around: Surroundings,
    handedOver: boolean,
  ): Promise<Governed> {
    const { name } = settings
    const startTime = Date.now()
    const say = (text: string): void => around.say(`${name}: ${text}`)
    const cgroup = findCgroup(settings.cgroup)
    const own = around.ownBelow(cgroup)
    const there = exemptThere(settings.exempt)
    const state = ScopeState.take(around.home, cgroup)
    for (const sentence of [
      ...(settings.lockdown === undefined
        ? [...notHardened(compiled), ...notLockedDown(compiled, cgroup)]
        : []),
      ...compiled.warnings,
    ])
      say(sentence)
    for (const sentence of describeExempt(settings.exempt, there)) say(sentence)
    const record = await settings.record()
    const stream = new EventStream(`${name}-${process.pid}-${startTime.toString(36)}`, record.after)
    // What comes behind the reports is in none.
    let governed: Governed | undefined
    const isOpen = (): boolean => governed === undefined || !governed.#isReported
    stream.addSink((event) => {
      if (isOpen()) record.onEvent(event)
    })
    let watch: Watch
    try {
      watch = await Watch.arm(
        {
          compiled,
          workspace: settings.workspace ?? state.pinDir,
          step: name,
          worker: { from: 'runner' },
          github: settings.github ?? githubFacts(process.env),
          stream,
          rules: settings.rules,
          governing: settings.governing,
          own: settings.own,
          lockdown: settings.lockdown,
          withoutEngines: settings.lockdown !== undefined && compiled.hardening !== 'none',
          say,
          exempt: exemptionsOf(settings.exempt, own),
          link: isWholeMachine(cgroup)
            ? { uplinks: settings.uplinks, passesDhcp: passesDhcp(settings.exempt) }
            : undefined,
          handedOver,
          agentCgroup: own === undefined ? undefined : Scope.at(own).id(),
        },
        state,
      )
    } catch (error) {
      record.abandon()
      throw error instanceof AgentError
        ? error
        : new AgentError(
            'NOT_ARMED',
            `the scope '${name}' could not be armed${state.adopted ? ' anew; the policy that was in force stays enforced' : ''}: ${messageOf(error)}`,
            "'runwarden doctor' says what this machine lacks",
            { cause: error },
          )
    }
    // On the whole machine there is no outside; a job that loses its roads to root does not reach them.
    if (
      settings.lockdown !== undefined &&
      compiled.hardening === 'none' &&
      !isWholeMachine(cgroup)
    ) {
      const outside = enginesOutside(state.scope.processes())
      if (outside !== undefined) watch.gap(outside)
    }
    governed = new Governed(around, settings, {
      compiled,
      state,
      watch,
      stream,
      record,
      exempt: there,
      startTime,
    })
    say(`armed: ${compiled.egress}, on ${state.scope.path}`)
    return governed
  }

  get name(): string {
    return this.settings.name
  }

  get cgroup(): string {
    return this.state.scope.path
  }

  /** Others may have taken the place of exempt cgroups and programs, or there are some now. */
  refindExempt(): void {
    const { exempt } = this.settings
    const before = this.#exempt
    const there = exemptThere(exempt)
    if (isDeepStrictEqual(there, before)) return
    this.#exempt = there
    this.watch.refindExempt()
    for (const sentence of describeExempt(exempt, there, before))
      this.#around.say(`${this.name}: ${sentence}`)
  }

  /**
   * Writes the reports; the policy stays in force, and names go on to resolve.
   * @returns what was not seen
   */
  async report(): Promise<string[]> {
    const health = await this.watch.finish('the job has ended', true)
    this.#isReported = true
    await this.#record.finish(this.#facts(health))
    return health.gaps
  }

  /** Ends the watch, and writes the reports where there are none. @param keep the policy stays enforced */
  async end(keep: boolean): Promise<void> {
    const { name, state, watch } = this
    if (!state.isAlive) this.#around.say(`${name}: its cgroup is gone: the scope has ended`)
    const health = await watch.finish('the watch has ended')
    if (keep && state.isAlive) {
      await watch.abandon()
      state.letGo()
    } else await watch.close()
    if (!this.#isReported) await this.#record.finish(this.#facts(health))
    this.#around.say(
      `${name}: ${keep ? 'no longer watched; its policy stays enforced, and no new name resolves' : 'ended'}`,
    )
  }

  #facts(health: RunFacts['health']): RunFacts {
    const { settings, stream, compiled, watch } = this
    return {
      version: this.#around.version,
      scope: stream.scope,
      command: [...(settings.command ?? ['runwarden', 'agent', settings.cgroup])],
      step: settings.name,
      egress: compiled.egress,
      protection: 'armed',
      policyFile: settings.policyFile,
      ...policyLines(compiled),
      startTime: this.#startTime,
      endTime: Date.now(),
      kernel: `Linux ${release()}`,
      exitStatus: null,
      runner: settings.runner ?? null,
      leftOver: [],
      workspace: settings.workspace ?? '',
      filesUnwatched: watch.filesUnwatched,
      github: settings.github ?? githubFacts(process.env),
      health: { ...health, armedMs: this.#armedMs },
    }
  }
}

const isWholeMachine = (cgroup: string): boolean => scopeIdentity(cgroup).level === 0

/** Where the whole machine is the scope, to end the job would be to end the machine. */
function notLockedDown({ lockdown }: CompiledPolicy, cgroup: string): string[] {
  return lockdown.length > 0 && isWholeMachine(cgroup)
    ? [
        'lockdown is NOT enforced on the whole machine, only on cgroups: detections are told, and end nothing',
      ]
    : []
}

/** What a service cannot take from processes that others started. */
export function notHardened({ hardening }: CompiledPolicy): string[] {
  if (hardening === 'none') return []
  const key = hardening === 'sudo' ? 'disable-sudo' : 'disable-sudo-and-containers'
  return [
    `${key} is NOT enforced here, only by \`runwarden run\` and for jobs with the action: what runs in the scope keeps its rights`,
  ]
}
