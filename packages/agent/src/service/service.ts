import type { CompiledPolicy } from '@runwarden/policy'
import { AgentError, messageOf } from '../errors.ts'
import { readMachine, requireMachine } from '../preflight.ts'
import { stateHome } from '../run-state.ts'
import { sweep } from '../run-sweep.ts'
import { withRoom } from '../tidy.ts'
import type { Watch } from '../watch/watch.ts'
import { cgroupPath, hierarchy } from './cgroups.ts'
import { exemptPlaces } from './exempt.ts'
import { Governed, type GovernedScope, notHardened } from './governed.ts'
import { OwnCgroup } from './own-cgroup.ts'
import { identityAt, PathWatch } from './path-watch.ts'
import { type Plan, planReload, requireNames } from './plan-reload.ts'
import { readTarget, type ScopeSettings, type ScopeTarget } from './scope-settings.ts'
import { orphans } from './state.ts'

export interface ServiceSettings {
  version: string
  scopes: readonly ScopeSettings[]
  /** State folder; by default stateHome. */
  home?: string
  say: (text: string) => void
}

/** How often it is looked whether scopes and what is exempt are still there, beside when something is told of them. */
const lookMs = 1000
/** After how long a scope that could not be armed is tried again, where its cgroup is the same still. */
const retryMs = 10_000

/** A scope of the configuration that nobody watches: its cgroup is not there, or it could not be armed. */
interface Waiting extends ScopeTarget {
  /** What was said of it last. */
  said: string
  /** The cgroup that could not be armed, and when it is tried again, by the clock of performance.now(): one made in its place is at once. */
  failed: { cgroup: string | undefined; notBefore: number } | undefined
}

/** A scope of the configuration, as a reload finds it. */
interface Configured {
  /** What the configuration said until now. */
  settings: ScopeSettings
  /** undefined: it waits. */
  scope: Governed | undefined
}

/** The long-running agent: scopes with a policy each, until it is stopped. */
export class AgentService {
  readonly #settings: ServiceSettings
  readonly #home: string
  readonly #governed = new Map<string, Governed>()
  readonly #waiting = new Map<string, Waiting>()
  readonly #paths = new PathWatch(() => this.#lookSoon())
  #isLookDue = false
  #own: OwnCgroup | undefined
  #looking: NodeJS.Timeout | undefined
  #isStopped = false
  /** Reloads, ends of scopes and the stop come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(settings: ServiceSettings) {
    this.#settings = settings
    this.#home = settings.home ?? stateHome
  }

  /**
   * Arms every scope, but for those that may wait for their cgroups, or none of those that had no policy before.
   * @throws AgentError, PolicyError, BpfError, EnforceError: which scope, and why
   */
  static async start(settings: ServiceSettings): Promise<AgentService> {
    requireNames(settings.scopes)
    const service = new AgentService(settings)
    requireMachine(readMachine())
    for (const sentence of await sweep()) settings.say(sentence)
    try {
      for (const scope of settings.scopes) await service.#begin(await readTarget(scope))
    } catch (error) {
      await service.stop('as-found')
      throw error
    }
    for (const { cgroup } of orphans(service.#home)) {
      settings.say(
        `the policy of an earlier agent is still enforced on ${cgroup}, which is not in this configuration; 'runwarden agent --release ${cgroup}' ends it`,
      )
    }
    service.#lookSoon()
    service.#looking = setInterval(() => service.#lookSoon(), lookMs)
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
      this.#isStopped = true
      this.#paths.close()
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

  /** When none is being taken over: the scopes that are governed, and what the configuration says of its own, of those that wait, too. */
  settled(): Promise<{ scopes: GovernedScope[]; configured: ScopeSettings[] }> {
    return this.#inTurn(async () => {
      return {
        scopes: this.scopes(),
        configured: this.#configured().map(({ settings }) => settings),
      }
    })
  }

  /** Arms a scope that the configuration does not have. @throws as `start` does */
  add(settings: ScopeSettings): Promise<void> {
    return this.#inTurn(async () => {
      const scope = await this.#govern(await readTarget(settings))
      scope.isAdded = true
    })
  }

  /**
   * Puts a job's settings in force on a scope of the configuration, with a record of their own, until `giveBack`. Its
   * policy stays enforced meanwhile.
   * @param settingsFrom makes them from what the configuration says of the scope now; they are called as it is
   * @throws AgentError, PolicyError when they are not in force; then its own are
   */
  overrule(
    name: string,
    settingsFrom: (own: ScopeSettings) => Promise<ScopeSettings>,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const scope = this.#named(name)
      const { settings, compiled } = scope
      if (scope.isAdded || scope.after !== undefined)
        throw new AgentError('JOB_HERE', `a job is under way on '${name}'`, '')
      const own = { settings, compiled }
      const target = await readTarget({ ...(await settingsFrom(settings)), name })
      if (!(await this.#takeOver(scope, target, own, true)))
        throw new AgentError(
          'NOT_ARMED',
          `the job's policy could not be put in force on '${name}': the agent's log says why`,
          'look at the log of the agent on this machine',
        )
      this.#named(name).after = own
    })
  }

  /** Puts what the configuration says in force again: as it was read when it was last found good. */
  giveBack(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const scope = this.#governed.get(name)
      if (scope?.after === undefined) return
      const { after, watch } = scope
      if (after === null) {
        await this.#end(name)
        return
      }
      try {
        // The job's policy is to end whatever becomes of the watch that follows.
        await watch.replacePolicy(after.compiled)
      } catch (error) {
        this.#settings.say(
          `${name}: the job's policy stays in force until the scope's own is armed: ${messageOf(error)}`,
        )
      }
      await this.#takeOver(scope, after, after, true)
    })
  }

  /**
   * Puts another policy in force on a scope; a job that a detection has ended stays ended.
   * @param what is told in its record
   * @throws EnforceError, DnsProxyError: then the old one stays in force; AgentError: the scope has ended, and what has
   * its name is another one
   */
  replacePolicy(
    { name, watch }: GovernedScope,
    compiled: CompiledPolicy,
    what: string,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const scope = this.#named(name)
      if (scope.watch !== watch) throw hasEnded(name)
      if (watch.isLockedDown) return
      await watch.replacePolicy(compiled)
      scope.compiled = compiled
      watch.reloaded(what)
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
    throw hasEnded(name)
  }

  #configured(): Configured[] {
    const governed = [...this.#governed.values()].flatMap((scope): Configured[] => {
      const { isAdded, after, settings } = scope
      if (isAdded || after === null) return []
      return [{ settings: after?.settings ?? settings, scope }]
    })
    const waiting = [...this.#waiting.values()].map(({ settings }): Configured => {
      return { settings, scope: undefined }
    })
    return [...governed, ...waiting]
  }

  /** Looks for what has gone, come or been replaced: once for all that is told until it does. */
  #lookSoon(): void {
    if (this.#isLookDue) return
    this.#isLookDue = true
    this.#inTurn(async () => {
      this.#isLookDue = false
      if (!this.#isStopped) await this.#look()
    }).catch((error: unknown) => this.#settings.say(messageOf(error)))
  }

  async #look(): Promise<void> {
    // What changes while it is looked is told.
    this.#followPaths()
    for (const scope of this.#governed.values()) {
      if (scope.state.isAlive) {
        scope.refindExempt()
        continue
      }
      const { isAdded, after, settings, compiled } = scope
      await this.#end(scope.name)
      if (!isAdded && after !== null) this.#wait(after ?? { settings, compiled })
    }
    for (const waiting of this.#waiting.values()) await this.#try(waiting)
    this.#followPaths()
  }

  #followPaths(): void {
    const paths = new Set<string>()
    for (const { settings } of [...this.#governed.values(), ...this.#waiting.values()]) {
      paths.add(cgroupPath(settings.cgroup))
      for (const { path } of exemptPlaces(settings.exempt)) paths.add(path)
    }
    this.#paths.follow(paths)
  }

  /** Arms a scope of the configuration, or has it wait, if it may. */
  async #begin(target: ScopeTarget): Promise<void> {
    if (target.settings.wait === true && identityOf(target) === undefined) this.#wait(target)
    else await this.#govern(target)
  }

  /** @param failed why it could not be armed just now */
  #wait(target: ScopeTarget, failed?: unknown): void {
    const waiting: Waiting = { ...target, said: '', failed: undefined }
    this.#waiting.set(target.settings.name, waiting)
    if (failed !== undefined) this.#postpone(waiting, identityOf(target), failed)
  }

  /** @param cgroup which one it was */
  #postpone(waiting: Waiting, cgroup: string | undefined, why: unknown): void {
    waiting.failed = { cgroup, notBefore: performance.now() + retryMs }
    this.#sayOnce(
      waiting,
      `NOT WATCHED: what was in force on this very cgroup stays enforced, and no new name resolves; it is tried again every ${retryMs / 1000} s: ${messageOf(why)}`,
    )
  }

  #sayOnce(waiting: Waiting, why: string): void {
    if (waiting.said === why) return
    waiting.said = why
    this.#settings.say(`${waiting.settings.name}: ${why}`)
  }

  /** Arms a scope that waits, when it can be. */
  async #try(waiting: Waiting): Promise<void> {
    const cgroup = identityOf(waiting)
    if (cgroup === undefined) {
      this.#sayOnce(waiting, notThere(waiting))
      return
    }
    const { failed } = waiting
    if (failed?.cgroup === cgroup && performance.now() < failed.notBefore) return
    try {
      await this.#govern(waiting)
      this.#waiting.delete(waiting.settings.name)
    } catch (error) {
      // One that was made again meanwhile has not been tried.
      if (identityOf(waiting) === cgroup) this.#postpone(waiting, cgroup, error)
      else this.#lookSoon()
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  /** @param handedOver this agent's own watch was in force until now */
  async #govern(target: ScopeTarget, handedOver = false): Promise<Governed> {
    const around = {
      version: this.#settings.version,
      home: this.#home,
      say: this.#settings.say,
      ownBelow: (cgroup: string) => this.#ownBelow(cgroup),
    }
    const scope = await Governed.arm(target, around, handedOver)
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

  async #reload(read: (() => Promise<readonly ScopeSettings[]>) | undefined): Promise<boolean> {
    const since = performance.now()
    const before = this.#configured()
    // On the others a job is under way, or they wait.
    const plainly = before.flatMap(({ scope }) =>
      scope === undefined || scope.after !== undefined ? [] : scope,
    )
    const replaced: Governed[] = []
    const came: string[] = []
    let plan: Plan<Configured>
    const targets = new Map<Configured, ScopeTarget>()
    const changed = new Set<Governed>()
    try {
      plan = planReload(before, (await read?.()) ?? before.map(({ settings }) => settings))
      for (const [one, settings] of plan.stays) {
        const target = await readTarget(settings)
        targets.set(one, target)
        exemptPlaces(settings.exempt)
        if (one.scope === undefined || !plainly.includes(one.scope)) continue
        if (plan.changed.has(one) || monitorsOtherwise(one.scope.watch, target.compiled))
          changed.add(one.scope)
        else one.scope.refindExempt()
      }
      for (const settings of plan.comes) {
        await this.#begin(await readTarget(settings))
        came.push(settings.name)
      }
      for (const [{ scope }, { compiled }] of targets) {
        if (scope === undefined || !plainly.includes(scope)) continue
        await scope.watch.replacePolicy(compiled)
        replaced.push(scope)
      }
    } catch (error) {
      for (const scope of replaced) await scope.watch.replacePolicy(scope.compiled)
      for (const name of came) await this.#end(name)
      const refused = `reload refused, the policy before it stays in force: ${messageOf(error)}`
      for (const { watch } of plainly) watch.gap(refused)
      if (plainly.length === 0) this.#settings.say(refused)
      return false
    }
    let whole = true
    const stay: Governed[] = []
    for (const [{ scope }, target] of targets) {
      if (scope === undefined) {
        this.#wait(target)
        continue
      }
      if (scope.after !== undefined) {
        this.#reloadAfter(scope, target)
        continue
      }
      scope.compiled = target.compiled
      if (changed.has(scope)) {
        const { settings, compiled } = scope
        whole = (await this.#takeOver(scope, target, { settings, compiled })) && whole
      } else {
        scope.settings = target.settings
        stay.push(scope)
      }
    }
    for (const { scope, settings } of plan.goes) {
      if (scope?.after === undefined) await this.#end(settings.name)
      else this.#reloadAfter(scope, null)
    }
    const taken = `in ${Math.round(performance.now() - since)} ms`
    for (const { settings, compiled, watch } of stay) {
      for (const sentence of [...notHardened(compiled), ...compiled.warnings])
        this.#settings.say(`${settings.name}: ${sentence}`)
      watch.reloaded()
      this.#settings.say(`${settings.name}: reloaded ${taken}: ${compiled.egress}`)
    }
    this.#lookSoon()
    return whole
  }

  /** @param target null: the configuration has the scope no more */
  #reloadAfter(scope: Governed, target: ScopeTarget | null): void {
    scope.after = target
    this.#settings.say(
      `${scope.name}: a job is under way: ${target === null ? 'ended' : 'reloaded'} when it has ended`,
    )
  }

  /**
   * A new watch takes the place of a scope's, whose policy stays enforced meanwhile; it has a record of its own.
   * @param back is put in force when the target cannot be; when that cannot be either, it is tried again and again
   * @returns whether the target is in force
   */
  async #takeOver(
    { name, watch, compiled }: Governed,
    target: ScopeTarget,
    back: ScopeTarget,
    handedOver = false,
  ): Promise<boolean> {
    if (monitorsOtherwise(watch, compiled))
      this.#settings.say(
        `${name}: disable-file-monitoring has changed: a new watch takes over, with a record of its own`,
      )
    await this.#end(name, true)
    try {
      await this.#govern(target, handedOver)
      return true
    } catch (error) {
      if (target === back) {
        this.#wait(back, error)
        return false
      }
      this.#settings.say(
        `${name}: its new settings are NOT in force, the old ones are put back: ${messageOf(error)}`,
      )
    }
    await this.#govern(back).catch((again: unknown) => this.#wait(back, again))
    return false
  }

  /** Ends one scope's watch and writes its report. */
  async #end(name: string, keep = false): Promise<void> {
    const scope = this.#governed.get(name)
    this.#governed.delete(name)
    this.#waiting.delete(name)
    await scope?.end(keep)
  }
}

/** Which files are watched is settled when the sensor is loaded: a policy that says otherwise needs another one. */
function monitorsOtherwise(watch: Watch, { filesUnwatched }: CompiledPolicy): boolean {
  return (filesUnwatched === null) !== (watch.filesUnwatched === null)
}

/** Which cgroup it is; undefined: there is none. */
const identityOf = ({ settings }: ScopeTarget): string | undefined =>
  identityAt(cgroupPath(settings.cgroup))

const notThere = ({ settings }: ScopeTarget): string =>
  `WAITS: there is no cgroup '${settings.cgroup}': nothing is enforced on it until it is made, and armed`

function hasEnded(name: string): AgentError {
  return new AgentError('NO_SCOPE', `the scope '${name}' has ended`, 'see the log of the agent')
}
