import { bootClock, type LogChunk } from '@runwarden/sensor'
import type { EventBody } from '../event-stream.ts'
import { type LogPart, LogText } from './log-text.ts'
import { markOf } from './mark.ts'
import { masksIn } from './masks.ts'
import { type FoundSecret, type KnownSecret, mostSecrets, Scanner } from './scanner.ts'

/** How much of a log is looked at: at once, and for each millisecond that passes. */
const BURST_BYTES = 16 << 20
const BYTES_PER_MS = 2048
/** Log files that are open at a time, and findings that are told. */
const MOST_LOGS = 256
const MOST_TOLD = 200

export interface BuildLogParts {
  known: readonly KnownSecret[]
  /** Of the hashes. */
  key: Uint8Array
  /** The step that a chunk is of; undefined: it is of no log, e.g. of a program that only calls itself a worker. */
  stepOf: (chunk: LogChunk) => string | null | undefined
  emit: (body: EventBody) => void
  /** Values that the log says are secrets. */
  learned: (secrets: readonly KnownSecret[]) => void
}

/** Looks for secrets in what is written to build logs. What it finds is hashed, with a key that is never stored. */
export class BuildLog {
  readonly #parts: BuildLogParts
  readonly #scanner = new Scanner()
  readonly #logs = new Map<string, { text: LogText; last: LogChunk; step: string | null }>()
  readonly #told = new Set<string>()
  #allowance = BURST_BYTES
  #filled = 0
  /** Bytes that were written too quickly to be looked at. */
  unread = 0
  #untold = 0

  constructor(parts: BuildLogParts) {
    this.#parts = parts
    this.#scanner.know(parts.known)
  }

  take(chunks: readonly LogChunk[]): void {
    for (const chunk of chunks) this.#take(chunk)
  }

  #take(chunk: LogChunk): void {
    const step = this.#parts.stepOf(chunk)
    if (step === undefined) return
    const { data, log } = chunk
    const time = bootClock.toEpoch(chunk.time)
    this.#allowance = Math.min(
      BURST_BYTES,
      this.#allowance + Math.max(0, time - this.#filled) * BYTES_PER_MS,
    )
    this.#filled = Math.max(time, this.#filled)
    const looks = data.length <= this.#allowance
    if (looks) this.#allowance -= data.length
    else this.unread += data.length
    const known = this.#logs.get(log)
    const text = known?.text ?? new LogText()
    this.#logs.delete(log)
    this.#logs.set(log, { text, last: chunk, step })
    this.#look(text.add(looks ? data : Buffer.alloc(0), chunk.cut || !looks), chunk, step)
    if (this.#logs.size > MOST_LOGS) this.#end(this.#logs.keys().next().value ?? '')
  }

  /** Looks at what waited for more. */
  finish(): void {
    for (const log of this.#logs.keys()) this.#end(log)
  }

  #end(log: string): void {
    const one = this.#logs.get(log)
    this.#logs.delete(log)
    if (one !== undefined) this.#look(one.text.end(), one.last, one.step)
  }

  /** Sentences for the bounds that were reached. */
  gaps(): string[] {
    const { crowded, unknown } = this.#scanner
    const texts = [
      [
        this.#untold,
        `the build log has more than ${MOST_TOLD} secrets: those behind them are not told`,
      ],
      [
        crowded,
        'a part of the build log has so many secrets that it was not looked at in all codes',
      ],
      [
        unknown,
        `more than ${mostSecrets} values were named as secrets: the rest is not looked for`,
      ],
    ] as const
    return texts.flatMap(([count, text]) => (count > 0 ? [text] : []))
  }

  #look(part: LogPart | null, chunk: LogChunk, step: string | null): void {
    if (part === null) return
    const { text, line } = part
    for (const secret of this.#scanner.scan(text, Date.now()))
      this.#tell(secret, line + text.slice(0, secret.offset).split('\n').length - 1, chunk, step)
    if (!text.includes('::add-mask::')) return
    this.#parts.learned(this.#scanner.know(masksIn(text, 'commands')))
  }

  /** A page and the job's own log have the same lines: each secret is told once for each way of writing it. */
  #tell(secret: FoundSecret, line: number, chunk: LogChunk, step: string | null): void {
    const { kind, form, proven, value } = secret
    const hash = markOf(value, this.#parts.key)
    const once = `${hash} ${form} ${step}`
    if (this.#told.has(once)) return
    if (this.#told.size >= MOST_TOLD) {
      this.#untold++
      return
    }
    this.#told.add(once)
    const { execId } = chunk
    const time = bootClock.toEpoch(chunk.time)
    this.#parts.emit({
      kind: 'secret.found',
      time,
      execId,
      step,
      place: 'log',
      path: '',
      position: line,
      secret: kind,
      form,
      proven,
      hash,
      truth: 'user',
    })
  }
}
