import type { Hook } from '@runwarden/events'
import { messageOf } from '../errors.ts'
import type { RunHealth } from '../watch/health.ts'
import { LinkLayer, type LinkLayerOptions } from './link-layer.ts'

/** The link layer of a scope that is the whole machine, while interfaces come and go; tells of those. */
export class UplinkWatch {
  readonly #layer: LinkLayer
  readonly #health: RunHealth
  #failure = ''

  /** @throws AgentError which interface cannot be decided about */
  constructor(options: LinkLayerOptions, health: RunHealth) {
    this.#layer = LinkLayer.open(options)
    this.#health = health
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
      for (const name of again)
        health.gap(`somebody took the link layer off ${name}: it was attached anew`)
      this.#failure = ''
    } catch (error) {
      // Tried again each second, and said once.
      if (this.#failure === messageOf(error)) return
      this.#failure = messageOf(error)
      health.gap(this.#failure)
    }
  }

  /** @param keep what is attached stays */
  close(keep: boolean): void {
    if (keep) this.#layer.release()
    else this.#layer.close()
  }
}
