import { randomBytes } from 'node:crypto'
import type { Event, Hook } from '@runwarden/events'
import { Artifacts, type ArtifactsParts, type Opened } from './artifacts.ts'
import { LogWatch, type LogWatchParts } from './log-watch.ts'

export type SecretWatchParts = Omit<LogWatchParts, 'key' | 'learned'> &
  Pick<ArtifactsParts, 'drainContent' | 'emitAt'>

/** Secrets where others can read them: in the build log, and in uploaded artifacts. */
export class SecretWatch {
  readonly #logs: LogWatch
  readonly #artifacts: Artifacts

  constructor(parts: SecretWatchParts) {
    const key = randomBytes(32)
    this.#artifacts = new Artifacts({ ...parts, key })
    this.#logs = new LogWatch({
      ...parts,
      key,
      learned: (secrets) => this.#artifacts.know(secrets),
    })
  }

  get hook(): Hook {
    return this.#logs.hook
  }

  /** Takes an event of the run. */
  see(event: Event): void {
    this.#artifacts.see(event)
  }

  /** The program of an action has opened a file. */
  opened(file: Opened): void {
    this.#artifacts.opened(file)
  }

  /** Looks at all that was written and uploaded, and tells what was not looked at. */
  async finish(): Promise<void> {
    this.#logs.finish()
    await this.#artifacts.finish()
  }

  async close(): Promise<void> {
    this.#logs.close()
    await this.#artifacts.close()
  }
}
