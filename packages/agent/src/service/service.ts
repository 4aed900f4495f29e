import type { CompiledPolicy } from '@runwarden/policy'
import { AgentError, messageOf } from '../errors.ts'
import { readMachine, requireMachine } from '../preflight.ts'
import { stateHome } from '../run-state.ts'
import { sweep } from '../run-sweep.ts'
import { withRoom } from '../tidy.ts'
import type { Watch } from '../watch/watch.ts'
import { hierarchy } from './cgroups.ts'
import { findExempt } from './exempt.ts'
import { Governed, type GovernedScope, notHardened } from './governed.ts'
import { OwnCgroup } from './own-cgroup.ts'
import { type Plan, planReload } from './plan-reload.ts'
import type { ScopeSettings } from './scope-settings.ts'
import { orphans } from './state.ts'

export interface ServiceSettings {
  version: string
  scopes: readonly ScopeSettings[]
  /** State folder; by default stateHome. */
  home?: string
  say: (text: string) => void
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
    return this.#inTurn(() => withRoom(() => this.#reload(read)))
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
    return [...this.#governed.values()]
  }

  /** Arms a scope that the configuration does not have. @throws as `start` does */
  add(settings: ScopeSettings): Promise<void> {
    return this.#inTurn(async () => {
      const scope = await this.#govern(settings)
      scope.job = true
    })
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
      const taken = this.#named(name)
      taken.configured = configured
      taken.job = true
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
    return this.#inTurn(() => this.#named(name).report())
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
  async #govern(settings: ScopeSettings, handedOver = false): Promise<Governed> {
    const around = {
      version: this.#settings.version,
      home: this.#home,
      say: this.#settings.say,
      ownBelow: (cgroup: string) => this.#ownBelow(cgroup),
    }
    const scope = await Governed.arm(settings, around, handedOver)
    this.#governed.set(scope.name, scope)
    return scope
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
      await this.#govern(settings, handedOver)
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
    this.#governed.delete(name)
    await scope?.end(keep)
  }
}

/** Which files are watched is settled when the sensor is loaded: a policy that says otherwise needs another one. */
function monitorsOtherwise(watch: Watch, { filesUnwatched }: CompiledPolicy): boolean {
  return (filesUnwatched === null) !== (watch.filesUnwatched === null)
}
