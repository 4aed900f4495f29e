import { AgentError, messageOf, type ProtectSettings } from '@runwarden/agent'
import {
  ControlPlaneError,
  jobStartOf,
  sayReport,
  sayUnprotected,
  serverUrlOf,
  startJob,
} from '@runwarden/agent/start-job'
import { UnsentSender } from '@runwarden/agent/unsent'
import { type Sent, settledAs, Uplink } from '@runwarden/agent/uplink'
import { byLevel, storedName } from '@runwarden/events/stored-policy'
import type { Event, Report, RunFacts } from '@runwarden/events'
import type { StoredPolicy } from '@runwarden/events/control-plane'
import {
  type BlockList,
  type CompiledPolicy,
  compile,
  extendPolicy,
  joinBlockLists,
  parseBlockList,
  type Policy,
  policyOf,
} from '@runwarden/policy'
import { policyText } from '@runwarden/policy/policy-text'
import type { OwnPolicy } from './read-policy.ts'
import { version } from './version.ts'

/** How the command line names its control plane. */
export interface ServerSettings {
  url: string
  /** Secret. */
  apiKey: string
  onFailure: 'local' | 'audit' | 'fail'
  /** OWNER/NAME; null: not known. */
  repository: string | null
  say: (text: string) => void
}

type JobStarted = Awaited<ReturnType<typeof startJob>>

/** The command's end is not held up for longer by a control plane that is slow, and by one that is away. */
const wait = { mostMs: 60_000, quietMs: 10_000 }

/** A run in which a control plane has a say. */
export class ServedRun {
  /** Of the command line, or else the control plane's; with its block list. */
  readonly compiled: CompiledPolicy
  readonly #settings: ServerSettings
  readonly #own: OwnPolicy
  /** What agents before this one have left is sent beside the run. */
  readonly #unsent: UnsentSender
  /** What holds, its block list aside. */
  #policy: Policy
  /** What of it does not hold for this run. */
  #otherwise: string | null = null
  /** The control plane's. */
  #list: BlockList | undefined
  /** null: the control plane could not be asked. */
  readonly #job: JobStarted | null
  /** What was said of that; null: nothing. */
  readonly away: string | null
  #uplink: Uplink | undefined

  private constructor(
    settings: ServerSettings,
    job: JobStarted | null,
    away: string | null,
    parts: { own: OwnPolicy; unsent: UnsentSender; policy: Policy; list: BlockList | undefined },
  ) {
    this.#settings = settings
    this.#job = job
    this.away = away
    this.#own = parts.own
    this.#unsent = parts.unsent
    this.#policy = parts.policy
    this.#list = parts.list
    this.compiled = this.#compile(parts)
  }

  /**
   * Tells the control plane that a run starts, and takes what holds for it: the command line's policy, or else the first
   * of its own (job, workflow, repository, organisation, cluster), and its block list beside the command line's.
   * @throws ControlPlaneError where the URL is none, or with `fail` when it cannot be asked; AgentError for what it has and
   * this version cannot read
   */
  static async start(own: OwnPolicy, settings: ServerSettings): Promise<ServedRun> {
    const url = serverUrlOf(settings.url)
    const { apiKey, onFailure, repository, say } = settings
    const { env } = process
    let job: JobStarted | null = null
    let away: string | null = null
    try {
      const start = jobStartOf(
        env,
        own.document === null ? { from: 'store' } : { from: 'workflow' },
      )
      job = await startJob(url, apiKey, { ...start, job: { ...start.job, repository } })
    } catch (error) {
      if (!(error instanceof ControlPlaneError) || onFailure === 'fail') throw error
      const then =
        onFailure === 'audit'
          ? 'nothing is blocked but what is on the block list (--on-server-failure audit)'
          : 'the command line alone says what holds (--on-server-failure local)'
      away = `NO CONTROL PLANE: ${error.message}: ${then}`
      say(away)
    }
    const unsent = UnsentSender.start(say)
    const audit = job === null && onFailure === 'audit'
    const more = audit ? { ...own.more, egress: 'audit' as const } : own.more
    try {
      const base = own.document ?? (await storedPolicy(job?.policies)) ?? policyOf([])
      const list =
        job?.blockList == null
          ? undefined
          : parseBlockList(job.blockList.text, `block list ${job.blockList.version}`)
      const parts = { own, unsent, policy: extendPolicy(base, more), list }
      return new ServedRun({ ...settings, url }, job, away, parts)
    } catch (error) {
      await unsent.end()
      if (job === null) throw error
      const why = `this version (${version}) cannot put in force what ${url} has for the run: ${messageOf(error)}`
      await tell(say, () => sayUnprotected({ url, ...job }, own.more.egress ?? 'audit', why))
      throw new AgentError(
        'NOT_ARMED',
        `the command was not run: ${why}`,
        'a newer control plane may have what this version does not know: see which versions both are, and the policy there',
        { cause: error },
      )
    }
  }

  /** Why the control plane wants the command not watched; null: it does not. */
  get skip(): string | null {
    return this.#job?.skip?.reason ?? null
  }

  /**
   * Keeps the run's events for the control plane from now on.
   * @returns false: there is no place to keep them in, which was said, here and there
   */
  async open(): Promise<boolean> {
    const { url, say } = this.#settings
    const job = this.#job
    if (job === null) return true
    const { jobId, token } = job
    const blockList = job.blockList?.version ?? null
    const policies = this.#own.document === null ? (job.policyVersion ?? null) : null
    try {
      this.#uplink = Uplink.open({ url, jobId, token, blockList, policies })
      return true
    } catch (error) {
      const why = `no event of this run goes to ${url}: ${messageOf(error)}`
      say(`RECORD INCOMPLETE: ${why}`)
      await this.unprotected(why)
      return false
    }
  }

  /** Bound, as a sink. */
  readonly add = (event: Event): void => this.#uplink?.add(event)

  /** What the control plane pushes is put in force on the run. */
  readonly follow: NonNullable<ProtectSettings['onWatch']> = (watch) => {
    if (this.away !== null) watch.lacks(this.away)
    const uplink = this.#uplink
    uplink?.follow({
      health: () => watch.healthSoFar(),
      policy: () => this.#inForce(),
      gap: (text) => watch.gap(text),
      blockBy: async (text, version) => {
        const list = parseBlockList(text, `block list ${version}`)
        await this.#put({ list }, watch, `block list ${version}`)
      },
      policyBy: async (policies, name) => {
        const base = (await storedPolicy(policies)) ?? policyOf([])
        await this.#put({ policy: extendPolicy(base, this.#own.more) }, watch, name)
      },
    })
    return async () => uplink?.unfollow()
  }

  /** The command runs without protection, or nothing of it is told there, and why: nobody waits for an agent then. */
  async unprotected(why: string): Promise<void> {
    const { url, say } = this.#settings
    const job = this.#job
    if (this.#uplink !== undefined) this.#uplink.unprotected(this.#inForce())
    else if (job !== null)
      await tell(say, () => sayUnprotected({ url, ...job }, this.#policy.egress, why))
  }

  #inForce() {
    const { egress } = this.#policy
    return { egress, text: policyText(this.#policy), otherwise: this.#otherwise }
  }

  /** Sends what waits, and the report; says where it is to be seen, and what is still unsent. */
  async finish(report: Report, status: number | null, quiet: boolean): Promise<void> {
    const { url, say } = this.#settings
    const job = this.#job
    const sent = await this.#uplink?.finish({ report, exit: status }, wait)
    if (sent === undefined && job !== null)
      await tell(say, () => sayReport({ url, ...job }, report, status))
    await this.#close(sent)
    const insightsUrl = sent?.insightsUrl ?? job?.insightsUrl ?? null
    if (!quiet && insightsUrl !== null)
      say(`View security insights and recommended policy at: ${insightsUrl}`)
  }

  /** The command was not run: its end says so. */
  async notRun(facts: RunFacts): Promise<void> {
    if (this.#job === null) return this.#close()
    const { ReportBuilder } = await import('@runwarden/report')
    await this.finish(new ReportBuilder().build(facts), facts.exitStatus, true)
  }

  /** Nobody knows what the command did to its end. */
  async brokenOff(): Promise<void> {
    await this.#close(await this.#uplink?.finish(null, wait))
  }

  /** What is not sent by now is sent by an agent after this one. */
  async #close(sent?: Sent): Promise<void> {
    await Promise.all([this.#uplink?.close(), this.#unsent.end()])
    if (sent !== undefined && sent.unsent !== null) this.#settings.say(`NOT SENT: ${sent.unsent}`)
  }

  /** @throws where it cannot be put in force; then what was before stays */
  async #put(
    next: { policy?: Policy; list?: BlockList },
    watch: Parameters<NonNullable<ProtectSettings['onWatch']>>[0],
    what: string,
  ): Promise<void> {
    const parts = { policy: this.#policy, list: this.#list, ...next }
    const { compiled, otherwise } = settledAs(this.#compile(parts), this.compiled)
    await watch.replacePolicy(compiled)
    this.#policy = parts.policy
    this.#list = parts.list
    this.#otherwise = otherwise
    watch.reloaded(`${what} of the control plane is in force`)
    if (otherwise !== null) watch.gap(otherwise)
  }

  #compile({ policy, list }: { policy: Policy; list: BlockList | undefined }): CompiledPolicy {
    const lists = [this.#own.blockList, list].filter((one) => one !== undefined)
    return compile(policy, joinBlockLists(lists))
  }
}

/** What cannot be told is said. */
async function tell(say: ServerSettings['say'], act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    say(`NOT SENT: ${messageOf(error)}`)
  }
}

/** The strongest one. @throws PolicyError */
async function storedPolicy(policies: readonly StoredPolicy[] = []): Promise<Policy | undefined> {
  const [first] = byLevel(policies)
  if (first === undefined) return undefined
  const { parsePolicy } = await import('@runwarden/policy/document')
  return parsePolicy(first.text, storedName(first))
}
