import type { Event, Health, Recommendation, Report } from '@runwarden/events'
import type { Heartbeat, PolicyInForce, StoredPolicy } from '@runwarden/events/control-plane'
import { messageOf } from '../errors.ts'
import { Spool } from '../spool/spool.ts'
import type { Segment } from '../spool/segment-file.ts'
import { AskError, isFinal } from './ask.ts'
import { Contact } from './contact.ts'
import { Pause } from './pause.ts'
import { pushedList, pushedPolicies } from './pushed.ts'
import { Pushes } from './pushes.ts'
import { recommendationOf } from './recommendation.ts'
import { Said } from './said.ts'
import { type SaidEnd, sayEnd } from './say-end.ts'
import { Telling } from './telling.ts'
import { type JobEnd, UnsentJob } from './unsent.ts'

export { settledAs } from '../watch/settled.ts'

/** A job at its control plane. */
export interface UplinkServer {
  /** Without a slash at its end. */
  url: string
  jobId: string
  /** Secret: see UnsentJob for where it is kept. */
  token: string
  /** Version of its block list that the job starts with; null: it has none. */
  blockList: string | null
  /** Version of its policies that the job starts with; null: it takes none from there. */
  policies: string | null
}

/** What the uplink needs of the job while it is watched. */
export interface LiveJob {
  health: () => Pick<Health, 'tier' | 'eventsLost'>
  /** What is in force. */
  policy: () => Pick<PolicyInForce, 'egress' | 'text' | 'otherwise'>
  /** Tells what is missing from the record, or could not be done. */
  gap: (text: string) => void
  /** Puts the job's policy with another block list of the control plane in force. @throws when it cannot be */
  blockBy: (text: string, version: string) => Promise<void>
  /**
   * Puts what its control plane has in place of the policies before in force, with the block list that is.
   * @param name of all together, for people
   * @throws when it cannot be
   */
  policyBy: (policies: readonly StoredPolicy[], name: string, version: string) => Promise<void>
}

/** What has become of a job's events. */
export interface Sent {
  /** The control plane has all of them, and the report. */
  finished: boolean
  insightsUrl: string | null
  /** What is still to be sent, or was refused, a sentence; null: nothing. */
  unsent: string | null
  /** It is not tried again. */
  final: boolean
}

const heartbeatMs = 10_000
const flushMs = 200
/** A segment ends so soon while the control plane takes them. */
const sealMs = 1_000
/** And so soon while others wait, or the disk takes nothing. */
const sealWaitingMs = 10_000
const sealBytes = 256 << 10
/**
 * A job's way to its control plane: its events, heartbeats and report go there, and block lists come from there. All of
 * it beside the job: what cannot be sent waits in the spool, for hours if need be.
 */
export class Uplink implements AsyncDisposable {
  readonly #server: UplinkServer
  readonly #spool: Spool
  readonly #closing = new AbortController()
  readonly #pause = new Pause({ firstMs: 500, mostMs: 60_000 })
  readonly #done = Promise.withResolvers<void>()
  #uploading: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #progress = performance.now()
  #live: LiveJob | undefined
  #lastHealth: Pick<Health, 'tier' | 'eventsLost'> = { tier: 'none', eventsLost: {} }
  /** What came before the job was armed. */
  readonly #early: string[] = []
  readonly #said: Said
  readonly #telling: Telling
  #following: AbortController | undefined
  #pushes: Pushes | undefined
  readonly #contact = new Contact((text) => this.#gap(text))
  #beating = false
  #sealed = performance.now()
  #refused = 0
  /** null: nobody knows its end. */
  #end: JobEnd | null | undefined
  /** Why it is not kept for an agent after this one. */
  #unkept = ''
  readonly #kept: UnsentJob
  /** An agent before this one had the job. */
  readonly #resumed: boolean
  /** What became of it at the control plane; `sent` undefined: nothing yet. */
  #ended: SaidEnd = { sent: undefined, refused: '' }
  /** Another try would end the same way. */
  #final = false
  readonly #timers: NodeJS.Timeout[] = []

  private constructor(kept: UnsentJob, server: UplinkServer, resumed: boolean) {
    this.#kept = kept
    this.#resumed = resumed
    this.#server = server
    this.#said = new Said({
      url: server.url,
      id: server.jobId,
      token: server.token,
      signal: this.#closing.signal,
      heard: () => this.#heard(),
    })
    this.#telling = new Telling({
      tell: (policy) => this.#said.say('/v1/jobs/{id}/policy', policy),
      gap: (text) => this.#gap(text),
    })
    const { most } = kept
    this.#spool = Spool.open(kept.spool, {
      ...(most === undefined ? {} : { most }),
      gap: (text) => this.#gap(text),
    })
  }

  /**
   * Keeps events from now on; they are sent once the job is followed.
   * @param home the agent's state folder; by default what all agents have for it
   * @throws Error when there is no place for them
   */
  static open(server: UplinkServer, home?: string): Uplink {
    const kept = UnsentJob.keep(server, home)
    try {
      return new Uplink(kept, server, false)
    } catch (error) {
      kept.remove()
      throw error
    }
  }

  /**
   * Goes on where an agent before this one was killed.
   * @param inForce of what the control plane has said, the versions that are in force
   * @throws the system's error
   */
  static resume(
    unsent: UnsentJob,
    inForce: Partial<Pick<UplinkServer, 'blockList' | 'policies'>> = {},
  ): Uplink {
    return new Uplink(unsent, { ...unsent.job, ...inForce }, true)
  }

  /** Of the last event that an agent before this one has kept; 0: there was none. */
  get lastSeq(): number {
    const line = this.#spool.lastLine
    if (line === null) return 0
    const { seq } = JSON.parse(line) as Partial<Event>
    return seq ?? 0
  }

  /** Takes one event; what comes after `finish` is no part of the job any more. Bound: it is handed around as a sink. */
  readonly add = (event: Event): void => {
    if (this.#end === undefined) this.#spool.add(JSON.stringify(event))
  }

  /** The job is armed: what it does is sent, and what the control plane says is put in force. */
  follow(live: LiveJob): void {
    this.#live = live
    for (const text of this.#early.splice(0)) live.gap(text)
    const following = new AbortController()
    this.#following = following
    const { token, blockList, policies } = this.#server
    this.#pushes = new Pushes({
      job: { url: this.#server.url, id: this.#server.jobId },
      token,
      signal: AbortSignal.any([following.signal, this.#closing.signal]),
      all: [
        pushedList(blockList, live.blockBy),
        ...(policies === null
          ? []
          : [
              pushedPolicies(policies, async (...pushed) => {
                await live.policyBy(...pushed)
                this.#tellPolicy(live)
              }),
            ]),
      ],
      gap: live.gap,
      heard: () => this.#heard(),
    })
    this.#timers.push(
      setInterval(() => this.#spool.flush(), flushMs).unref(),
      setInterval(() => this.#sealInTime(), sealMs).unref(),
      setInterval(() => void this.#beat(), heartbeatMs).unref(),
    )
    this.#tellPolicy(live)
    void this.#beat()
    this.#uploading ??= this.#upload()
  }

  #tellPolicy(live: LiveJob): void {
    const { tier } = live.health()
    this.#telling.isNow({ ...live.policy(), tier, protection: 'armed' })
  }

  /** `fail-mode: open` lets the job run without protection: its control plane is told at once. */
  unprotected(policy: Pick<PolicyInForce, 'egress' | 'text' | 'otherwise'>): void {
    this.#telling.isNow({ ...policy, tier: 'none', protection: 'unprotected' })
  }

  /** No other policy is put in force from now on: the job is about to end. */
  async unfollow(): Promise<void> {
    this.#following?.abort()
    await this.#pushes?.settled()
    if (this.#live !== undefined) this.#lastHealth = this.#live.health()
    this.#live = undefined
  }

  /**
   * The job has ended. What waits is sent, and its report.
   * @param end.exit the command's status; null: not known. null: its agent died before; what waits is sent, and that nobody knows more
   * @param wait how long that is waited for in all, and while nothing arrives; it goes on beyond it until `close`
   */
  async finish(end: JobEnd | null, wait: { mostMs: number; quietMs: number }): Promise<Sent> {
    await this.unfollow()
    this.#end = end
    await this.#spool.seal()
    if (end !== null && this.#kept.job.end === null) {
      this.#end = this.#withLost(end)
      this.#keepEnd(this.#end)
    }
    this.#pause.reset()
    this.#pause.hurry()
    this.#uploading ??= this.#upload()
    await this.#waitForEnd(wait)
    // Of what is old the control plane has the last word, and not the clock, as long as it says one.
    if (this.#resumed && !this.#closing.signal.aborted && this.#kept.isOld)
      this.#final ||= this.#ended.sent === undefined
    return {
      finished: this.#ended.sent !== undefined && this.#ended.refused === '',
      insightsUrl: this.#ended.sent?.insightsUrl ?? null,
      unsent: this.#unsent(),
      final: this.#final,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** For the agent after this one, should this be killed, or not get through. */
  #keepEnd(end: JobEnd): void {
    try {
      this.#kept.ended(end, this.#spool)
    } catch (error) {
      this.#unkept = `its report cannot be kept until then: ${messageOf(error)}`
    }
  }

  /** Of this job and its earlier runs, once `finish` has sent all of it. */
  recommendation(): Promise<Recommendation> {
    return recommendationOf(this.#server)
  }

  /** Ends it; what was not sent is for another agent. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.unfollow()
    for (const timer of this.#timers) clearInterval(timer)
    this.#closing.abort()
    this.#pause.end()
    await this.#uploading
    await this.#spool.close()
    const { sequence, unsent } = this.#spool
    const nothing = sequence === 0 && unsent.segments === 0 && this.#end === undefined
    if (nothing || this.#ended.sent !== undefined || this.#final) this.#kept.remove()
    else this.#kept.release()
  }

  async #waitForEnd({ mostMs, quietMs }: { mostMs: number; quietMs: number }): Promise<void> {
    const until = performance.now() + mostMs
    this.#progress = performance.now()
    const waited = Promise.withResolvers<void>()
    const looking = setInterval(() => {
      // Where the control plane was away, it may be back within that time.
      this.#pause.hurry()
      const now = performance.now()
      if (now >= until || now - this.#progress >= quietMs) waited.resolve()
    }, 500)
    const { signal } = this.#closing
    signal.addEventListener('abort', () => waited.resolve(), { once: true })
    if (signal.aborted) waited.resolve()
    await Promise.race([this.#done.promise, waited.promise])
    clearInterval(looking)
  }

  #unsent(): string | null {
    const { segments, bytes } = this.#spool.unsent
    const { sent, refused } = this.#ended
    const why = refused || (this.#contact.failure ?? 'it did not answer in time')
    const to = `sent to ${this.#server.url} (${why})`
    const said = [
      ...(segments > 0 && sent === undefined
        ? [
            `${segments} segments of events (${bytes} bytes) were not ${to}${this.#final ? '' : `; they wait in ${this.#kept.path}`}`,
          ]
        : sent === undefined || refused !== ''
          ? [
              `the report was not ${to}; it ${this.#final || this.#unkept !== '' ? "stays in the job's record" : `waits in ${this.#kept.path}`}`,
            ]
          : []),
      ...(this.#refused > 0
        ? [`${this.#refused} segments were refused by it: what they say is in the record alone`]
        : []),
      ...(this.#spool.lost > 0 ? [`${this.#spool.lost} events did not fit into the spool`] : []),
      ...(sent === undefined && this.#unkept !== '' ? [this.#unkept] : []),
    ]
    return said.length === 0 ? null : said.join('; ')
  }

  #gap(text: string): void {
    if (this.#live !== undefined) this.#live.gap(text)
    // Afterwards there is no record that it could be in.
    else if (this.#following === undefined) this.#early.push(text)
  }

  #sealInTime(): void {
    const { open, unsent, isBehind } = this.#spool
    if (open === 0 && !isBehind) return
    const waiting = unsent.segments > 1 || isBehind
    const age = performance.now() - this.#sealed
    if (waiting && open < sealBytes && age < sealWaitingMs) return
    this.#sealed = performance.now()
    void this.#spool.seal().then(() => this.#wake())
  }

  /** There is something to send; a pause after a failure is not for that. */
  #wake(): void {
    if (this.#contact.failure === undefined) this.#pause.end()
  }

  async #upload(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const segment = this.#spool.next()
        if (segment !== undefined) await this.#send(segment)
        else if (this.#end !== undefined) {
          await this.#packRest()
          if (this.#spool.unsent.segments > 0) continue
          await this.#telling.settled()
          this.#ended = await sayEnd(this.#said, this.#end, this.#last)
          this.#final ||= this.#ended.refused !== ''
          for (const timer of this.#timers) clearInterval(timer)
          this.#done.resolve()
          // Nobody may be left that waits for it.
          void this.close()
          return
        } else await this.#pause.for(sealWaitingMs)
      } catch (error) {
        if (signal.aborted) return
        this.#contact.failed(error)
        if (this.#isGone(error)) {
          this.#final = true
          this.#done.resolve()
          return
        }
        await this.#pause.afterFailure(error instanceof AskError ? error.retryAfterMs : 0)
      }
    }
  }

  /** Its control plane no longer knows the token of a job that has ended. */
  #isGone(error: unknown): boolean {
    return (
      this.#resumed && this.#end !== undefined && error instanceof AskError && error.status === 401
    )
  }

  /** @throws Error where the disk does not take it: it stays as it is, and the job does not end without it */
  async #packRest(): Promise<void> {
    await this.#spool.seal()
    if (this.#spool.unsent.segments > 0 && this.#spool.next() === undefined)
      throw new Error(`${this.#spool.path} cannot be written`)
  }

  /** @throws AskError when another try may help */
  async #send(segment: Segment): Promise<void> {
    const { seq } = segment
    let acknowledged = false
    try {
      await this.#said.segment(segment)
      this.#spool.acknowledge(seq)
      acknowledged = true
      this.#progress = performance.now()
    } catch (error) {
      if (!(error instanceof AskError) || !isFinal(error)) throw error
      this.#refused++
      this.#spool.setAside(seq)
      this.#gap(`segment ${seq} of the job's events is not at the control plane: ${error.message}`)
    }
    this.#contact.sent(acknowledged)
    this.#pause.reset()
  }

  /** What is missing behind the segments that are there, by what was kept at the end, is to show at the control plane. */
  get #last(): { sequence: number; hash: string } {
    const { sequence, hash } = this.#spool
    const kept = this.#kept.job.end
    return kept !== null && kept.sequence >= sequence
      ? kept
      : { sequence, hash: hash.toString('hex') }
  }

  /** With what the events that are there lack. */
  #withLost(end: JobEnd): JobEnd {
    const report = end.report as Report | null
    const { lost } = this.#spool
    if (report?.health === undefined || lost === 0) return end
    const { health } = report
    const gap = `${lost} events are not at the control plane: they did not fit into ${this.#spool.path}`
    const eventsLost = { ...health.eventsLost, spool: lost }
    return {
      ...end,
      report: { ...report, health: { ...health, eventsLost, gaps: [...health.gaps, gap] } },
    }
  }

  async #beat(): Promise<void> {
    void this.#telling.again()
    // Answers that come a byte at a time would gather.
    if (this.#beating) return
    this.#beating = true
    const { tier, eventsLost } = this.#live?.health() ?? this.#lastHealth
    const { sequence, lost } = this.#spool
    const heartbeat: Heartbeat = {
      sequence,
      eventsLost: { ...eventsLost, ...(lost > 0 ? { spool: lost } : {}) },
      tier,
      armed: tier !== 'none',
    }
    const { acknowledged } = this.#contact
    try {
      const answer = await this.#said.say('/v1/jobs/{id}/heartbeat', heartbeat)
      this.#pushes?.isNow('block-list', answer.blockListVersion)
      this.#pushes?.isNow('policy', answer.policyVersion)
      this.#contact.beat(acknowledged, answer.segments)
    } catch (error) {
      this.#contact.missed(error)
    } finally {
      this.#beating = false
    }
  }

  #heard(): void {
    if (!this.#contact.heard()) return
    this.#pause.reset()
    this.#pause.hurry()
  }
}
