import type {
  Event,
  JobPolicySources,
  JobServer,
  PolicyText,
  Recommendation,
} from '@runwarden/events'
import type { StoredPolicy } from '@runwarden/events/control-plane'
import { byLevel, storedName } from '@runwarden/events/stored-policy'
import type { CompiledPolicy } from '@runwarden/policy'
import { messageOf } from '../errors.ts'
import type { GovernedScope } from '../service/governed.ts'
import type { AgentService } from '../service/service.ts'
import type { LiveJob, Sent, Uplink } from '../uplink/uplink.ts'
import { settledAs } from '../watch/settled.ts'
import type { JobFiles, KnownJob } from './job-file.ts'
import { readPolicy } from './job-settings.ts'

/** The action's last stage waits for it. */
const wait = { mostMs: 10_000, quietMs: 10_000 }

/** The way of a job with the action to its control plane. */
export class JobUplink {
  readonly #url: string
  readonly #open: () => Uplink
  #uplink: Uplink | undefined
  /** Why there is none. */
  #failure = ''
  #sent: Promise<Sent> | undefined

  private constructor(url: string, open: () => Uplink) {
    this.#url = url
    this.#open = open
  }

  /**
   * Loads what only a job with a control plane needs.
   * @param home the agent's state folder; by default that of all agents
   */
  static async to(
    { blockList, policies, ...server }: JobServer,
    home?: string,
  ): Promise<JobUplink> {
    const { Uplink: loaded } = await import('../uplink/uplink.ts')
    const versions = { blockList: blockList?.version ?? null, policies: policies?.version ?? null }
    return new JobUplink(server.url, () => loaded.open({ ...server, ...versions }, home))
  }

  /** Goes on for an agent that was killed; undefined: it has left nothing to go on with. */
  static async resume(
    { url, jobId, blockList, policies }: NonNullable<KnownJob['server']>,
    home?: string,
  ): Promise<JobUplink | undefined> {
    const { UnsentJob } = await import('../uplink/unsent.ts')
    const [unsent] = UnsentJob.claim(home, jobId)
    if (unsent === undefined) return undefined
    const { Uplink: loaded } = await import('../uplink/uplink.ts')
    const versions = { blockList: blockList?.version ?? null, policies: policies?.version ?? null }
    return new JobUplink(url, () => loaded.resume(unsent, versions))
  }

  /** An agent after another goes on with what that one has kept. */
  open(): void {
    try {
      this.#uplink = this.#open()
    } catch (error) {
      this.#failure = `nothing of this job goes to ${this.#url}: ${messageOf(error)}`
    }
  }

  /** Number of the last event that an agent before this one has kept. */
  get lastSeq(): number {
    return this.#uplink?.lastSeq ?? 0
  }

  add(event: Event): void {
    this.#uplink?.add(event)
  }

  /** The job is armed. */
  follow(live: LiveJob): void {
    if (this.#failure !== '') live.gap(this.#failure)
    this.#uplink?.follow(live)
  }

  /** The report is written. What is to be sent goes on without whoever says so. */
  finish(report: unknown): void {
    this.#sent ??= this.#uplink?.finish({ report, exit: null }, wait)
  }

  /** What the control plane has not got within some seconds, a sentence; null: it has all. */
  async unsent(): Promise<string | null> {
    if (this.#failure !== '') return this.#failure
    return (await this.#sent)?.unsent ?? null
  }

  /** Of this job and its earlier runs, when the control plane has all of this one. */
  async recommendation(): Promise<Recommendation> {
    const isThere = (await this.unsent()) === null
    const said = isThere ? await this.#uplink?.recommendation() : undefined
    return said ?? { failure: 'the control plane has not got all of this job' }
  }

  async close(): Promise<void> {
    await this.#uplink?.close()
  }
}

/** What of it is kept in files. */
export function withoutToken(server: JobServer | null): KnownJob['server'] {
  if (server === null) return null
  const { token: _, ...rest } = server
  return rest
}

/**
 * A job is armed: what its control plane pushes is put in force on it.
 * @param uplink undefined: it has none, or an agent before this one had it and has left no token
 * @param job.known as its file has it
 */
export function followServer(
  uplink: JobUplink | undefined,
  job: { known: KnownJob; files: JobFiles; service: AgentService; scope: GovernedScope },
): void {
  const { known, files, service, scope } = job
  const { watch } = scope
  if (uplink === undefined) {
    if (known.server !== null)
      watch.gap(
        `the agent was killed, and the job's token with it: nothing more of this job goes to ${known.server.url}, and its block list stays as it is`,
      )
    return
  }
  const first = scope.compiled
  let now: Pick<CompiledPolicy, 'egress'> & { otherwise: string | null } = {
    egress: first.egress,
    otherwise: null,
  }
  // What the job is governed by from now on; kept for an agent after this one.
  const put = async (next: Partial<KnownJob>, what: string): Promise<void> => {
    const changed = { ...known, ...next }
    const { compiled, otherwise } = settledAs(
      await readPolicy(changed, scope.settings.blockList),
      first,
    )
    await service.replacePolicy(scope, compiled, `${what} of the control plane is in force`)
    if (otherwise !== null) watch.gap(otherwise)
    now = { egress: compiled.egress, otherwise }
    Object.assign(known, next)
    if (files.has(known.id)) files.write(known)
  }
  uplink.follow({
    health: () => watch.healthSoFar(),
    policy: () => ({ ...now, text: known.request.policy.text }),
    gap: (text) => watch.gap(text),
    async blockBy(text, version) {
      if (known.server === null) return
      const server = { ...known.server, blockList: { text, version } }
      await put({ server }, `block list ${version}`)
    },
    async policyBy(stored, what, version) {
      const policies = known.server?.policies ?? null
      if (known.server === null || policies === null) return
      const policy = await composeAnew(policies, stored)
      const server = { ...known.server, policies: { ...policies, version } }
      await put({ server, request: { ...known.request, policy } }, what)
    },
  })
}

/** @throws PolicyError */
async function composeAnew(
  { own, file, hosts }: JobPolicySources,
  policies: readonly StoredPolicy[],
): Promise<PolicyText> {
  const { composePolicy } = await import('@runwarden/policy/compose')
  const stored = byLevel(policies).map((one) => ({ name: storedName(one), text: one.text }))
  const { name, text } = composePolicy(own, { file, hosts, stored })
  return { name, text }
}
