import type { Event } from '@runwarden/events'

/** Files whose writer is remembered: beyond, the longest known are forgotten. */
const writersKept = 50_000

/** The program that wrote a workspace file last, by path: also after it was renamed. */
export class Writers {
  readonly #writers = new Map<string, string>()

  /**
   * Takes an event, and tells who wrote its file before; empty: nobody that is known.
   * @param exe the program that acts
   */
  see(event: Event, exe: string): string {
    switch (event.kind) {
      case 'file.create':
      case 'file.write': {
        if (!event.workspace || event.errno !== 0) return ''
        const before = this.#writers.get(event.path) ?? ''
        this.#remember(event.path, exe)
        return event.kind === 'file.create' ? '' : before
      }
      case 'file.delete':
        if (event.errno === 0) this.#writers.delete(event.path)
        return ''
      case 'file.rename': {
        if (event.errno !== 0 || event.link !== 'rename') return ''
        const writer = this.#writers.get(event.path)
        const replaced = this.#writers.get(event.to) ?? ''
        this.#writers.delete(event.path)
        if (writer !== undefined) this.#remember(event.to, writer)
        return replaced
      }
      default:
        return ''
    }
  }

  #remember(path: string, writer: string): void {
    this.#writers.delete(path)
    this.#writers.set(path, writer)
    if (this.#writers.size <= writersKept) return
    const oldest = this.#writers.keys().next()
    if (oldest.done !== true) this.#writers.delete(oldest.value)
  }
}
