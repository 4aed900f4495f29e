import type { Hook } from '@runwarden/events'
import { messageOf } from '../errors.ts'
import type { RunHealth } from '../watch/health.ts'
import type { WatchSettings } from '../watch/settings.ts'
import { LinkLayer, type LinkLayerOptions } from './link-layer.ts'

/** The link layer of a scope that is the whole machine, while interfaces come and go; tells of those. */
export class UplinkWatch {
  readonly #layer: LinkLayer
  readonly #health: RunHealth
  readonly #settings: Pick<WatchSettings, 'stream' | 'step'>
  #failure = ''

  /** @throws AgentError which interface cannot be decided about */
  constructor(
    options: LinkLayerOptions,
    health: RunHealth,
    settings: Pick<WatchSettings, 'stream' | 'step'>,
  ) {
    this.#layer = LinkLayer.open(options)
    this.#health = health
    this.#settings = settings
  }

  get hooks(): Hook[] {
    return this.#layer.hooks
  }

  /** Call it every second or so. */
  tick(): void {
    const health = this.#health
    try {
      const { came, gone, again } = this.#layer.refresh()
      for (const name of came)
        health.tell('armed', `what leaves by ${name} is decided from here on`)
      for (const name of gone)
        health.gap(`the interface ${name} has gone, or leads out of this machine no more`)
      for (const name of again) {
        health.gap(
          `somebody took the link layer off ${name}, or put something before it: it was attached anew`,
        )
        this.#tellTampering(name)
      }
      this.#failure = ''
    } catch (error) {
      // Tried again each second, and said once.
      if (this.#failure === messageOf(error)) return
      this.#failure = messageOf(error)
      health.gap(this.#failure)
    }
  }

  #tellTampering(name: string): void {
    const { stream, step } = this.#settings
    stream.emit({
      kind: 'detection',
      time: Date.now(),
      execId: null,
      step,
      id: 'agent-tampered',
      severity: 'critical',
      title: 'the link layer was taken off',
      text: `Somebody took the program that decides what leaves this machine off ${name}, or put one before it. It was attached anew, as the first one; for up to a second packet sockets and devices may have sent anything. Find out what in the job did this.`,
      evidence: [],
    })
  }

  /** @param keep what is attached stays */
  close(keep: boolean): void {
    if (keep) this.#layer.release()
    else this.#layer.close()
  }
}
