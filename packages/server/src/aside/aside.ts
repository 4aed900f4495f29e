/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { HttpError } from '../error.ts'
import type { AsideAsk, AsideTold, AsideWork } from './contract.ts'

/** What takes longer is given up; the largest report takes a second. */
const longestMs = 20_000
/** Of one organisation, waiting and in work. */
const mostOfOne = 8

interface Task {
  ask: AsideAsk
  organisation: string
  /** Of what there is one at a time: a job; null: of as many as there are. */
  only: string | null
  resolve: (made: never) => void
  reject: (error: unknown) => void
}

/**
 * Reads what jobs and people have sent where that takes long, or as long as they like: in a thread of its own, so that nobody else waits
 * for it, whose memory and time are bounded. One after the other, and organisations take turns.
 */
export class Aside {
  #worker: Worker | undefined
  #now: Task | undefined
  #waiting: Task[] = []
  #limit: NodeJS.Timeout | undefined
  #ends = false

  /** @throws HttpError: what the thread says of it; 413, `too-much`; 503, `busy` */
  do<K extends keyof AsideWork>(
    kind: K,
    given: AsideWork[K]['given'],
    { organisation, only }: Pick<Task, 'organisation' | 'only'>,
  ): Promise<AsideWork[K]['made']> {
    const { promise, resolve, reject } = Promise.withResolvers<AsideWork[K]['made']>()
    const ofOne = [this.#now, ...this.#waiting].filter((one) => one?.organisation === organisation)
    if (
      this.#ends ||
      ofOne.length >= mostOfOne ||
      ofOne.some((one) => only !== null && one?.only === only)
    )
      throw new HttpError(503, 'busy', 'too much comes at once; send it again in a second')
    const ask = { kind, given } as AsideAsk
    this.#waiting.push({ ask, organisation, only, resolve, reject })
    if (this.#now === undefined) this.#next('')
    return promise
  }

  async close(): Promise<void> {
    this.#ends = true
    for (const { reject } of this.#waiting.splice(0)) reject(ended())
    await this.#worker?.terminate()
  }

  /** @param last the organisation whose turn it was */
  #next(last: string): void {
    const other = this.#waiting.findIndex(({ organisation }) => organisation !== last)
    const [task] = this.#waiting.splice(Math.max(0, other), 1)
    this.#now = task
    if (task === undefined) return
    const worker = (this.#worker ??= this.#begin())
    worker.ref()
    worker.postMessage(task.ask)
    this.#limit = setTimeout(() => void worker.terminate(), longestMs)
  }

  #begin(): Worker {
    const own = new URL(import.meta.url)
    const worker = new Worker(new URL(`./worker${extname(own.pathname)}`, own), {
      name: 'runwarden-aside',
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    worker.on('message', (told: AsideTold) => this.#done(told))
    let failure: unknown
    worker.on('error', (error) => {
      // Its memory is used up: that is the task's doing.
      if ((error as { code?: unknown }).code !== 'ERR_WORKER_OUT_OF_MEMORY') failure = error
    })
    worker.on('exit', () => {
      this.#worker = undefined
      if (this.#now !== undefined) this.#done(failure === undefined ? null : { failed: failure })
    })
    return worker
  }

  /** @param told null: it took more than it may, and the thread has ended */
  #done(told: AsideTold | null): void {
    clearTimeout(this.#limit)
    const task = this.#now
    if (task === undefined) return
    if (told === null)
      task.reject(
        this.#ends
          ? ended()
          : new HttpError(413, 'too-much', 'it takes more time or memory to be read than there is'),
      )
    else if ('made' in told) task.resolve(told.made as never)
    else if ('failed' in told) task.reject(new Error('the thread failed', { cause: told.failed }))
    else {
      const { status, code, message, where } = told.refused
      task.reject(new HttpError(status, code, message, where))
    }
    this.#worker?.unref()
    this.#next(task.organisation)
  }
}

const ended = (): HttpError => new HttpError(503, 'busy', 'the server ends; send it again later')
