import { messageOf, type ProtectSettings } from '@runwarden/agent'
import { ControlPlaneError, jobStartOf, serverUrlOf, startJob } from '@runwarden/agent/start-job'
import { UnsentSender } from '@runwarden/agent/unsent'
import { settledAs, Uplink } from '@runwarden/agent/uplink'
import { byLevel, storedName } from '@runwarden/events/stored-policy'
import type { Event, Report } from '@runwarden/events'
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
  #uplink: Uplink | undefined

  private constructor(
    settings: ServerSettings,
    job: JobStarted | null,
    parts: { own: OwnPolicy; unsent: UnsentSender; policy: Policy; list: BlockList | undefined },
  ) {
    this.#settings = settings
    this.#job = job
    this.#own = parts.own
    this.#unsent = parts.unsent
    this.#policy = parts.policy
    this.#list = parts.list
    this.compiled = this.#compile(parts)
  }

  /**
   * Tells the control plane that a run starts, and takes what holds for it: the command line's policy, or else the first
   * of its own (job, workflow, repository, organisation, cluster), and its block list beside the command line's.
   * @throws ControlPlaneError where the URL is none, or with `fail` when it cannot be asked; PolicyError for what it has
   */
  static async start(own: OwnPolicy, settings: ServerSettings): Promise<ServedRun> {
    const url = serverUrlOf(settings.url)
    const { apiKey, onFailure, repository, say } = settings
    const { env } = process
    let job: JobStarted | null = null
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
      say(`NO CONTROL PLANE: ${error.message}: ${then}`)
    }
    const unsent = UnsentSender.start(say)
    const audit = job === null && onFailure === 'audit'
    const more = audit ? { ...own.more, egress: 'audit' as const } : own.more
    const base = own.document ?? (await storedPolicy(job?.policies)) ?? policyOf([])
    return new ServedRun({ ...settings, url }, job, {
      own,
      unsent,
      policy: extendPolicy(base, more),
      list:
        job?.blockList == null
          ? undefined
          : parseBlockList(job.blockList.text, `block list ${job.blockList.version}`),
    })
  }

  /** Why the control plane wants the command not watched; null: it does not. */
  get skip(): string | null {
    return this.#job?.skip?.reason ?? null
  }

  /**
   * Keeps the run's events for the control plane from now on.
   * @returns false: there is no place to keep them in, which was said
   */
  open(): boolean {
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
      say(`RECORD INCOMPLETE: nothing of this run goes to ${url}: ${messageOf(error)}`)
      return false
    }
  }

  /** Bound, as a sink. */
  readonly add = (event: Event): void => this.#uplink?.add(event)

  /** What the control plane pushes is put in force on the run. */
  readonly follow: NonNullable<ProtectSettings['onWatch']> = (watch) => {
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

  /** `fail-mode: open` lets the command run without protection. */
  unprotected(): void {
    this.#uplink?.unprotected(this.#inForce())
  }

  #inForce() {
    const { egress } = this.#policy
    return { egress, text: policyText(this.#policy), otherwise: this.#otherwise }
  }

  /** Sends what waits, and the report; says where it is to be seen, and what is still unsent. */
  async finish(report: Report, status: number, quiet: boolean): Promise<void> {
    const { say } = this.#settings
    const uplink = this.#uplink
    const sent = await uplink?.finish({ report, exit: status }, wait)
    await this.abandon()
    if (sent === undefined) return
    if (sent.unsent !== null) say(`NOT SENT: ${sent.unsent}`)
    const insightsUrl = sent.insightsUrl ?? this.#job?.insightsUrl ?? null
    if (!quiet && insightsUrl !== null)
      say(`View security insights and recommended policy at: ${insightsUrl}`)
  }

  /** Ends it: what is not sent by now is sent by an agent after this one. */
  async abandon(): Promise<void> {
    await Promise.all([this.#uplink?.close(), this.#unsent.end()])
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

/** The strongest one. @throws PolicyError */
async function storedPolicy(policies: readonly StoredPolicy[] = []): Promise<Policy | undefined> {
  const [first] = byLevel(policies)
  if (first === undefined) return undefined
  const { parsePolicy } = await import('@runwarden/policy/document')
  return parsePolicy(first.text, storedName(first))
}
