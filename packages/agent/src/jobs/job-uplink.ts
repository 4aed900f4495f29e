import type {
  Event,
  JobPolicySources,
  JobServer,
  PolicyText,
  Recommendation,
} from '@runwarden/events'
import type { StoredPolicy } from '@runwarden/events/control-plane'
import { messageOf } from '../errors.ts'
import type { AgentService, GovernedScope } from '../service/service.ts'
import { byLevel, storedName } from '../uplink/pushed.ts'
import type { LiveJob, Sent, Uplink } from '../uplink/uplink.ts'
import { settledAs } from '../watch/settled.ts'
import type { JobFiles, KnownJob } from './job-file.ts'
import { readPolicy } from './job-settings.ts'

/** The action's last stage waits for it. */
const wait = { mostMs: 10_000, quietMs: 10_000 }

/** The way of a job with the action to its control plane, through its record's folder. */
export class JobUplink {
  readonly #server: JobServer
  readonly #uplinkClass: typeof Uplink
  #uplink: Uplink | undefined
  /** Why there is none. */
  #failure = ''
  #sent: Promise<Sent> | undefined

  private constructor(server: JobServer, uplinkClass: typeof Uplink) {
    this.#server = server
    this.#uplinkClass = uplinkClass
  }

  /** Loads what only a job with a control plane needs. */
  static async to(server: JobServer): Promise<JobUplink> {
    const { Uplink: loaded } = await import('../uplink/uplink.ts')
    return new JobUplink(server, loaded)
  }

  /** @param folder the job's record, for root alone to write to */
  open(folder: string): void {
    const { blockList, policies, ...server } = this.#server
    try {
      this.#uplink = this.#uplinkClass.open(
        {
          ...server,
          blockList: blockList?.version ?? null,
          policies: policies?.version ?? null,
        },
        folder,
      )
    } catch (error) {
      this.#failure = `nothing of this job goes to ${server.url}: ${messageOf(error)}`
    }
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
 * @param uplink undefined: it has none, or an agent before this one had it
 * @param job.known as its file has it
 */
export function followServer(
  uplink: JobUplink | undefined,
  job: { known: KnownJob; files: JobFiles; service: AgentService; scope: GovernedScope },
): void {
  const { known, files, service, scope } = job
  const { watch, name } = scope
  if (uplink === undefined) {
    if (known.server !== null)
      watch.gap(
        `the agent was killed, and the job's token with it: nothing more of this job goes to ${known.server.url}, and its block list stays as it is`,
      )
    return
  }
  const first = scope.compiled
  // What the job is governed by from now on; kept for an agent after this one.
  const put = async (next: Partial<KnownJob>, what: string): Promise<void> => {
    const changed = { ...known, ...next }
    const { compiled, otherwise } = settledAs(await readPolicy(changed), first)
    await service.replacePolicy(name, compiled, `${what} of the control plane is in force`)
    if (otherwise !== null) watch.gap(otherwise)
    Object.assign(known, next)
    if (files.has(known.id)) files.write(known)
  }
  uplink.follow({
    health: () => watch.healthSoFar(),
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
