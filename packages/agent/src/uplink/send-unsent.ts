import { messageOf } from '../errors.ts'
import { UnsentJob } from './unsent.ts'
import { Uplink } from './uplink.ts'

/** How often it is looked for jobs of agents that have ended, ms. */
const everyMs = 60_000
/** A control plane that is away for so long is asked again the next time; one that takes what comes has as long as it needs. */
const wait = { mostMs: 24 * 3_600_000, quietMs: 10_000 }

interface Options {
  /** The agent's state folder; by default what all agents have for it. */
  home?: string
  /** Until it is ended, and not once. */
  again?: boolean
}

/** Sends what agents that were killed, or whose control plane was away at the end, have left of their jobs. */
export class UnsentSender {
  readonly #say: (text: string) => void
  readonly #home: string | undefined
  readonly #under = new Set<Uplink>()
  /** Jobs of which it was said why they wait. */
  readonly #said = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  /** Each that there was at the start was sent, or waited for. */
  readonly tried: Promise<unknown>

  private constructor(say: (text: string) => void, { home, again = false }: Options) {
    this.#say = say
    this.#home = home
    if (again) this.#timer = setInterval(() => void this.#sendAll(), everyMs).unref()
    this.tried = this.#sendAll()
  }

  static start(say: (text: string) => void, options: Options = {}): UnsentSender {
    return new UnsentSender(say, options)
  }

  /** What is not sent by now is for another agent. */
  async end(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(Array.from(this.#under, (uplink) => uplink.close()))
    await this.tried
  }

  #sendAll(): Promise<unknown> {
    return Promise.all(UnsentJob.claim(this.#home).map((unsent) => this.#send(unsent)))
  }

  async #send(unsent: UnsentJob): Promise<void> {
    const { url } = unsent.job
    try {
      if (!unsent.isInReach) this.#leave(unsent, `${url} is in another network namespace`)
      else await this.#finish(Uplink.resume(unsent), unsent)
    } catch (error) {
      this.#leave(unsent, messageOf(error))
    }
  }

  async #finish(uplink: Uplink, unsent: UnsentJob): Promise<void> {
    const { url, jobId } = unsent.job
    this.#under.add(uplink)
    const { finished, unsent: why, final } = await uplink.finish(unsent.readEnd(), wait)
    await uplink.close()
    this.#under.delete(uplink)
    if (finished)
      this.#say(
        `${url} has got the rest of job ${jobId}, whose agent ended before${why === null ? '' : `: ${why}`}`,
      )
    else if (final) this.#sayGone(unsent, why ?? 'nothing is left')
    else
      this.#sayOnce(jobId, `of job ${jobId}, whose agent ended before: ${why ?? 'nothing is left'}`)
  }

  /** For another agent, as long as one could send it. */
  #leave(unsent: UnsentJob, why: string): void {
    const { path, job, isOld } = unsent
    if (isOld) {
      unsent.remove()
      this.#sayGone(unsent, why)
      return
    }
    unsent.release()
    this.#sayOnce(job.jobId, `what is left of job ${job.jobId} waits in ${path}: ${why}`)
  }

  #sayGone({ path, job }: UnsentJob, why: string): void {
    this.#say(`what was left of job ${job.jobId} is given up, and ${path} removed: ${why}`)
  }

  #sayOnce(jobId: string, text: string): void {
    if (this.#said.has(jobId)) return
    this.#said.add(jobId)
    this.#say(text)
  }
}
