import type { Event } from '@runwarden/events'

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never

/** An event before the stream has given it its place. */
export type EventBody = Without<Event, 'seq' | 'scope'>

/** What takes the events of a run, in order. */
export type EventSink = (event: Event) => void

/** Numbers a run's events and hands each to every sink. */
export class EventStream {
  private seq: number
  readonly scope: string
  private readonly sinks: EventSink[] = []

  /** @param after the number of the event before the first one: an agent goes on where one before it was killed */
  constructor(scope: string, after = 0) {
    this.scope = scope
    this.seq = after
  }

  /** Events from here on go to this sink as well. */
  addSink(sink: EventSink): void {
    this.sinks.push(sink)
  }

  /** @returns the whole event. */
  emit(body: EventBody): Event {
    const seq = ++this.seq
    // The spread keeps the kind's own fields; TypeScript can't follow it through the union.
    return this.hand({ seq, scope: this.scope, ...body } as Event)
  }

  /** The same of a body in two parts, which are put together in the event itself. */
  emitParts<Head extends Partial<EventBody>>(
    head: Head,
    rest: Without<EventBody, keyof Head & string>,
  ): Event {
    const seq = ++this.seq
    return this.hand({ seq, scope: this.scope, ...head, ...rest } as unknown as Event)
  }

  private hand(event: Event): Event {
    for (const sink of this.sinks) sink(event)
    return event
  }
}
