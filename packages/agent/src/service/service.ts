import { release } from 'node:os'
import type { GithubFacts, RunFacts } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import type { RuleSet } from '@runwarden/rules'
import { scopeIdentity } from '@runwarden/sensor'
import { AgentError, messageOf } from '../errors.ts'
import { EventStream, type EventSink, type ForkSink } from '../event-stream.ts'
import { githubFacts } from '../https/github-facts.ts'
import type { JobLockdownSettings } from '../job-lockdown.ts'
import { readMachine, requireMachine } from '../preflight.ts'
import { stateHome } from '../run-state.ts'
import { sweep } from '../run-sweep.ts'
import { Scope } from '../scope.ts'
import { Watch } from '../watch/watch.ts'
import { findCgroup, hierarchy } from './cgroups.ts'
import { describeExempt, type ExemptSettings, findExempt, passesDhcp } from './exempt.ts'
import { enginesOutside } from './engines-outside.ts'
import { OwnCgroup } from './own-cgroup.ts'
import { type Plan, planReload } from './plan-reload.ts'
import { orphans, ScopeState } from './state.ts'

/** Where the record of a scope goes. */
export interface ScopeRecord {
  onEvent: EventSink
  onFork: ForkSink
  /** Writes the reports. */
  finish: (facts: RunFacts) => Promise<unknown>
  /** Nothing was watched. */
  abandon: () => void
  /** Number of the last event that an agent before this one has sent of the same job. */
  after?: number
}

export interface ScopeSettings {
  /** In reports and on stderr; unique. */
  name: string
  /** As a person names it: see findCgroup. */
  cgroup: string
  policyFile: string | null
  /** See WatchSettings. */
  governing?: readonly string[]
  /** See WatchSettings. */
  own?: readonly string[]
  /** Changes of files below it are told; null: of none but the sensitive places. */
  workspace: string | null
  exempt: ExemptSettings
  /** Interfaces that lead out of the machine beside those that are found to; for the whole machine only. */
  uplinks: readonly string[]
  /** Reads and compiles the scope's policy and block list: at the start and at each reload. */
  read: () => Promise<CompiledPolicy>
  /** What reports call it, as a command line. */
  command?: readonly string[]
  /** See WatchSettings. For a job: who adds it takes its account's roads to root away, too. */
  lockdown?: JobLockdownSettings
  /** The job's place on GitHub; by default that of this process. */
  github?: GithubFacts
  /** Whose runner the job is on. */
  runner?: string
  /** Rules of detections, those that are built in among them; without, only those. */
  rules?: RuleSet | undefined
  /** Changes when the rules do. */
  rulesVersion?: string
  record: () => Promise<ScopeRecord>
}

export interface ServiceSettings {
  version: string
  scopes: readonly ScopeSettings[]
  /** State folder; by default stateHome. */
  home?: string
  say: (text: string) => void
}

/** A scope under the agent's watch. */
interface Governed {
  settings: ScopeSettings
  state: ScopeState
  watch: Watch
  record: ScopeRecord
  compiled: CompiledPolicy
  stream: EventStream
  startTime: number
  /** From the start of the agent, milliseconds. */
  armedMs: number
  /** The reports are written: what happens since is in none. */
  reported: boolean
  /** A job's settings are in force: no reload changes them. */
  job: boolean
  /** What the configuration says of a scope that a job's settings are in force on. */
  configured?: ScopeSettings
}

/** A scope as those see it who use it for a job. */
export interface GovernedScope {
  readonly name: string
  /** Directory of its cgroup. */
  readonly cgroup: string
  readonly watch: Watch
  readonly stream: EventStream
  readonly compiled: CompiledPolicy
}

/** How often it is looked whether the scopes are still there. */
const lookMs = 1000

/** The long-running agent: scopes with a policy each, until it is stopped. */
export class AgentService {
  readonly #settings: ServiceSettings
  readonly #home: string
  readonly #governed = new Map<string, Governed>()
  #own: OwnCgroup | undefined
  #looking: NodeJS.Timeout | undefined
  /** Reloads, ends of scopes and the stop come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(settings: ServiceSettings) {
    this.#settings = settings
    this.#home = settings.home ?? stateHome
  }

  /**
   * Arms every scope, or none of those that had no policy before.
   * @throws AgentError, PolicyError, BpfError, EnforceError: which scope, and why
   */
  static async start(settings: ServiceSettings): Promise<AgentService> {
    const service = new AgentService(settings)
    requireMachine(readMachine())
    for (const sentence of await sweep()) settings.say(sentence)
    try {
      for (const scope of settings.scopes) await service.#govern(scope)
    } catch (error) {
      await service.stop('as-found')
      throw error
    }
    for (const { cgroup } of orphans(service.#home)) {
      settings.say(
        `the policy of an earlier agent is still enforced on ${cgroup}, which is not in this configuration; 'runwarden agent --release ${cgroup}' ends it`,
      )
    }
    service.#looking = setInterval(() => {
      for (const { settings: scope, state } of service.#governed.values())
        if (!state.isAlive) void service.#inTurn(() => service.#end(scope.name))
    }, lookMs)
    return service
  }

  /**
   * Reads the configuration anew, all policies, block lists and rules with it, and puts it in force: new scopes are
   * armed, changed ones taken over in place, and those that it has no more end. When any of it is at
   * fault none of it is, which is said and told in every scope.
   * @param read the scopes; by default those that there are
   * @returns whether it is in force
   */
  reload(read?: () => Promise<readonly ScopeSettings[]>): Promise<boolean> {
    return this.#inTurn(() => this.#reload(read))
  }

  /**
   * Ends the watch over all scopes, and writes the reports.
   * @param policy what becomes of the policies: they end, they stay enforced, or (when the start has
   * failed) those stay that were in force before.
   */
  async stop(policy: 'end' | 'keep' | 'as-found'): Promise<void> {
    clearInterval(this.#looking)
    await this.#inTurn(async () => {
      for (const { settings, state } of this.#governed.values()) {
        const keep = policy === 'keep' || (policy === 'as-found' && state.adopted)
        await this.#end(settings.name, keep)
      }
    })
    this.#own?.leave()
  }

  /** The scopes that are governed. */
  scopes(): GovernedScope[] {
    return [...this.#governed.values()].map(({ settings, state, watch, stream, compiled }) => ({
      name: settings.name,
      cgroup: state.scope.path,
      watch,
      stream,
      compiled,
    }))
  }

  /** Arms a scope that the configuration does not have. @throws as `start` does */
  add(settings: ScopeSettings): Promise<void> {
    return this.#inTurn(() => this.#govern(settings, true))
  }

  /**
   * Puts other settings in force on a scope, with a record of their own, until `giveBack`. Its policy stays enforced
   * meanwhile.
   * @throws AgentError when they are not in force; then its own are
   */
  overrule(name: string, settings: ScopeSettings): Promise<void> {
    return this.#inTurn(async () => {
      const scope = this.#named(name)
      if (scope.job) throw new AgentError('JOB_HERE', `a job is under way on '${name}'`, '')
      const configured = scope.settings
      if (!(await this.#takeOver(scope, settings, true)))
        throw new AgentError(
          'NOT_ARMED',
          `the job's policy could not be put in force on '${name}': the agent's log says why`,
          'look at the log of the agent on this machine',
        )
      Object.assign(this.#named(name), { configured, job: true })
    })
  }

  /** Puts what the configuration says in force again. */
  giveBack(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const scope = this.#named(name)
      if (scope.configured !== undefined) await this.#takeOver(scope, scope.configured, true)
    })
  }

  /**
   * Puts another policy in force on a scope; a job that a detection has ended stays ended.
   * @param what is told in its record
   * @throws EnforceError, DnsProxyError: then the old one stays in force; AgentError: the scope has ended
   */
  replacePolicy(name: string, compiled: CompiledPolicy, what: string): Promise<void> {
    return this.#inTurn(async () => {
      const scope = this.#named(name)
      if (scope.watch.isLockedDown) return
      await scope.watch.replacePolicy(compiled)
      scope.compiled = compiled
      scope.watch.reloaded(what)
    })
  }

  /** Writes a scope's reports; its policy stays in force, and names go on to resolve. */
  report(name: string): Promise<string[]> {
    return this.#inTurn(async () => {
      const scope = this.#named(name)
      const health = await scope.watch.finish('the job has ended', true)
      scope.reported = true
      await scope.record.finish(this.#facts(scope, health))
      return health.gaps
    })
  }

  /** Ends a scope: its policy, too, or that stays enforced. */
  remove(name: string, keep: boolean): Promise<void> {
    return this.#inTurn(() => this.#end(name, keep))
  }

  #named(name: string): Governed {
    const scope = this.#governed.get(name)
    if (scope !== undefined) return scope
    throw new AgentError('NO_SCOPE', `the scope '${name}' has ended`, 'see the log of the agent')
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  /** @param handedOver this agent's own watch was in force until now */
  async #govern(settings: ScopeSettings, job = false, handedOver = false): Promise<void> {
    const { name } = settings
    const startTime = Date.now()
    const say = (text: string): void => this.#settings.say(`${name}: ${text}`)
    const compiled = await settings.read()
    const cgroup = findCgroup(settings.cgroup)
    const own = this.#ownBelow(cgroup)
    const exempt = findExempt(settings.exempt, own)
    const state = ScopeState.take(this.#home, cgroup)
    for (const sentence of [
      ...(settings.lockdown === undefined
        ? [...notHardened(compiled), ...notLockedDown(compiled, cgroup)]
        : []),
      ...compiled.warnings,
    ])
      say(sentence)
    if (exempt !== undefined)
      for (const sentence of describeExempt(exempt, settings.exempt)) say(sentence)
    const record = await settings.record()
    const stream = new EventStream(`${name}-${process.pid}-${startTime.toString(36)}`, record.after)
    // What comes behind the reports is in none.
    const isOpen = (): boolean => this.#governed.get(name)?.reported !== true
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
          onFork: (child, parent) => {
            if (isOpen()) record.onFork(child, parent)
          },
          rules: settings.rules,
          governing: settings.governing,
          own: settings.own,
          lockdown: settings.lockdown,
          withoutEngines: settings.lockdown !== undefined && compiled.hardening !== 'none',
          say,
          exempt,
          link:
            scopeIdentity(cgroup).level === 0
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
    if (settings.lockdown !== undefined && compiled.hardening === 'none') {
      const isMachine = scopeIdentity(cgroup).level === 0
      const outside = isMachine ? undefined : enginesOutside(state.scope.processes())
      if (outside !== undefined) watch.gap(outside)
    }
    const armedMs = performance.now()
    this.#governed.set(name, {
      settings,
      state,
      watch,
      record,
      compiled,
      stream,
      startTime,
      armedMs,
      reported: false,
      job,
    })
    say(`armed: ${compiled.egress}, on ${state.scope.path}`)
  }

  /** The agent's own cgroup, when it is in the scope: what it does there is neither watched nor under the policy. */
  #ownBelow(cgroup: string): string | undefined {
    const root = hierarchy()
    if (!OwnCgroup.isIn(cgroup, root)) return undefined
    this.#own ??= OwnCgroup.enter(root)
    return this.#own.isBelow(cgroup) ? this.#own.path : undefined
  }

  async #reload(
    read: () => Promise<readonly ScopeSettings[]> = () =>
      Promise.resolve(
        [...this.#governed.values()].flatMap(({ settings, configured, job }) =>
          job ? (configured ?? []) : settings,
        ),
      ),
  ): Promise<boolean> {
    const since = performance.now()
    const all = [...this.#governed.values()]
    const before = all.filter(({ job }) => !job)
    const replaced: Governed[] = []
    const came: string[] = []
    const overruled: [Governed, ScopeSettings | undefined][] = []
    let plan: Plan<Governed>
    const policies = new Map<Governed, CompiledPolicy>()
    try {
      const next = await read()
      for (const scope of all)
        if (scope.configured !== undefined)
          overruled.push([scope, next.find(({ name }) => name === scope.settings.name)])
      plan = planReload(
        before,
        next.filter((settings) => !overruled.some(([, own]) => own === settings)),
      )
      for (const [scope, settings] of plan.stays) {
        const compiled = await settings.read()
        policies.set(scope, compiled)
        if (monitorsOtherwise(scope.watch, compiled)) plan.changed.add(scope)
        findExempt(settings.exempt, undefined)
        if (!plan.changed.has(scope)) scope.watch.refindExempt()
      }
      for (const settings of plan.comes) {
        await this.#govern(settings)
        came.push(settings.name)
      }
      for (const [scope, compiled] of policies) {
        await scope.watch.replacePolicy(compiled)
        replaced.push(scope)
      }
    } catch (error) {
      for (const scope of replaced) await scope.watch.replacePolicy(scope.compiled)
      for (const name of came) await this.#end(name)
      const refused = `reload refused, the policy before it stays in force: ${messageOf(error)}`
      for (const { watch } of before) watch.gap(refused)
      if (before.length === 0) this.#settings.say(refused)
      return false
    }
    for (const [scope, compiled] of policies) scope.compiled = compiled
    for (const [scope, settings] of overruled) {
      if (settings !== undefined) scope.configured = settings
      this.#settings.say(`${scope.settings.name}: a job is under way: reloaded when it has ended`)
    }
    let whole = true
    for (const [scope, settings] of plan.stays) {
      if (plan.changed.has(scope)) whole = (await this.#takeOver(scope, settings)) && whole
      else scope.settings = settings
    }
    for (const { settings } of plan.goes) await this.#end(settings.name)
    const taken = `in ${Math.round(performance.now() - since)} ms`
    for (const [scope] of plan.stays) {
      const { settings, compiled, watch } = scope
      if (plan.changed.has(scope)) continue
      for (const sentence of [...notHardened(compiled), ...compiled.warnings])
        this.#settings.say(`${settings.name}: ${sentence}`)
      watch.reloaded()
      this.#settings.say(`${settings.name}: reloaded ${taken}: ${compiled.egress}`)
    }
    return whole
  }

  /** A new watch takes the place of a scope's, whose policy stays enforced meanwhile; it has a record of its own. */
  async #takeOver(
    { settings: old, watch, compiled }: Governed,
    settings: ScopeSettings,
    handedOver = false,
  ): Promise<boolean> {
    if (monitorsOtherwise(watch, compiled))
      this.#settings.say(
        `${old.name}: disable-file-monitoring has changed: a new watch takes over, with a record of its own`,
      )
    await this.#end(old.name, true)
    try {
      await this.#govern(settings, false, handedOver)
      return true
    } catch (error) {
      this.#settings.say(
        `${old.name}: its new settings are NOT in force, the old ones are put back: ${messageOf(error)}`,
      )
      await this.#govern(old).catch((again: unknown) => {
        this.#settings.say(
          `${old.name}: NOT WATCHED any more: ${messageOf(again)}; its policy stays enforced, and no new name resolves: restart the agent`,
        )
      })
      return false
    }
  }

  /** Ends one scope's watch and writes its report. */
  async #end(name: string, keep = false): Promise<void> {
    const scope = this.#governed.get(name)
    if (scope === undefined) return
    this.#governed.delete(name)
    const { watch, state, record, reported } = scope
    if (!state.isAlive) this.#settings.say(`${name}: its cgroup is gone: the scope has ended`)
    const health = await watch.finish('the watch has ended')
    if (keep && state.isAlive) {
      await watch.abandon()
      state.letGo()
    } else await watch.close()
    if (!reported) await record.finish(this.#facts(scope, health))
    this.#settings.say(
      `${name}: ${keep ? 'no longer watched; its policy stays enforced, and no new name resolves' : 'ended'}`,
    )
  }

  #facts(
    { settings, stream, compiled, startTime, armedMs, watch }: Governed,
    health: RunFacts['health'],
  ): RunFacts {
    return {
      version: this.#settings.version,
      scope: stream.scope,
      command: [...(settings.command ?? ['runwarden', 'agent', settings.cgroup])],
      step: settings.name,
      egress: compiled.egress,
      protection: 'armed',
      policyFile: settings.policyFile,
      startTime,
      endTime: Date.now(),
      kernel: `Linux ${release()}`,
      exitStatus: null,
      runner: settings.runner ?? null,
      leftOver: [],
      workspace: settings.workspace ?? '',
      filesUnwatched: watch.filesUnwatched,
      github: settings.github ?? githubFacts(process.env),
      health: { ...health, armedMs },
    }
  }
}

/** Which files are watched is settled when the sensor is loaded: a policy that says otherwise needs another one. */
function monitorsOtherwise(watch: Watch, { filesUnwatched }: CompiledPolicy): boolean {
  return (filesUnwatched === null) !== (watch.filesUnwatched === null)
}

/** Where the whole machine is the scope, to end the job would be to end the machine. */
function notLockedDown({ lockdown }: CompiledPolicy, cgroup: string): string[] {
  return lockdown.length > 0 && scopeIdentity(cgroup).level === 0
    ? [
        'lockdown is NOT enforced on the whole machine, only on cgroups: detections are told, and end nothing',
      ]
    : []
}

/** What a service cannot take from processes that others started. */
function notHardened({ hardening }: CompiledPolicy): string[] {
  if (hardening === 'none') return []
  const key = hardening === 'sudo' ? 'disable-sudo' : 'disable-sudo-and-containers'
  return [
    `${key} is NOT enforced here, only by \`runwarden run\` and for jobs with the action: what runs in the scope keeps its rights`,
  ]
}
