import type { Hook } from '@runwarden/events'
import { LogCapture, type LogChunk } from '@runwarden/sensor'
import { messageOf } from '../errors.ts'
import type { EventBody } from '../event-stream.ts'
import { BuildLog } from './build-log.ts'
import type { KnownSecret } from './scanner.ts'

export interface LogWatchParts {
  scopeCgroup: string
  agentCgroup: bigint | undefined
  calls: ConstructorParameters<typeof LogCapture>[0]['calls'] | null
  /** Descriptors of this process that the command writes to. */
  outputs: readonly number[]
  known: readonly KnownSecret[]
  key: Uint8Array
  /** Whether chunks count: before the scope is armed only the self-check writes. */
  armed: () => boolean
  /** Takes what was told of processes and steps so far. */
  drainSensor: () => void
  stepOf: (chunk: LogChunk) => string | null | undefined
  emit: (body: EventBody) => void
  learned: (secrets: readonly KnownSecret[]) => void
  gap: (text: string) => void
}

/** Secrets in what a scope's processes write to the build log. */
export class LogWatch {
  readonly hook: Hook
  readonly #capture: LogCapture | undefined
  readonly #log: BuildLog
  readonly #parts: LogWatchParts

  constructor(parts: LogWatchParts) {
    this.#parts = parts
    this.#log = new BuildLog(parts)
    const { scopeCgroup, agentCgroup, calls, outputs } = parts
    const hook = { name: 'writes to the build log', tier: 'T0' as const }
    try {
      if (calls === null) throw new Error('tp_btf/sys_exit is not active')
      this.#capture = new LogCapture({
        scopeCgroup,
        agentCgroup,
        calls,
        outputs,
        // Who names secrets wants to know of them wherever the log is kept (Jenkins has it in a file).
        files: parts.known.length > 0,
        onChunks: (chunks) => {
          if (!parts.armed()) return
          parts.drainSensor()
          this.#log.take(chunks)
        },
      })
      this.hook = { ...hook, state: 'active', reason: '' }
    } catch (error) {
      this.hook = { ...hook, state: 'refused', reason: messageOf(error) }
    }
  }

  /** Looks at all that was written, and tells what was not looked at. */
  finish(): void {
    this.#capture?.drain()
    this.#log.finish()
    for (const text of this.#log.gaps()) this.#parts.gap(text)
    const { noRoom, tooLong, noBuffer } = this.#capture?.unread() ?? {
      noRoom: 0,
      tooLong: 0,
      noBuffer: 0,
    }
    const quick = noRoom + this.#log.unread
    const parts = [
      [quick, 'were written too quickly'],
      [tooLong, 'were more than 256 KiB of one call'],
      [noBuffer, 'were written without a buffer (splice, sendfile)'],
    ] as const
    const told = parts.filter(([bytes]) => bytes > 0)
    if (told.length === 0) return
    const why = told.map(([bytes, reason]) => `${bytes} bytes ${reason}`).join(', ')
    this.#parts.gap(`a part of the build log was not looked at for secrets: ${why}`)
  }

  close(): void {
    this.#capture?.close()
  }
}
