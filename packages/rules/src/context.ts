import type { Event } from '@runwarden/events'
import { type Added, type EventView, seenKinds, viewClass } from './fields.ts'
import type { Memories, MemoryView } from './memories.ts'
import { type ProcessFacts, ProcessView } from './process-view.ts'
import type { SeenKind } from './rule.ts'

/** What rules ask of whoever runs them. */
export interface World {
  process(execId: string | null): ProcessFacts | undefined
  /** The process that an event is about beside the one that acts: traced, read from. */
  target(event: Event): ProcessFacts | undefined
}

export const eventViews = new Map<SeenKind, new () => EventView>(
  seenKinds.map((kind) => [kind, viewClass(kind)]),
)

/** The variables of one event. Made once, shown one event after the other; what is costly is made when asked for. */
export class Context {
  readonly memory: MemoryView
  event!: EventView
  readonly #world: World
  readonly #views: ReadonlyMap<SeenKind, EventView>
  readonly #find: (execId: string | null) => ProcessFacts | undefined
  #current: Event | undefined
  #process: ProcessView | undefined
  #target: ProcessView | undefined

  constructor(world: World, memories: Memories) {
    this.#world = world
    this.#find = (execId) => world.process(execId)
    this.#views = new Map([...eventViews].map(([kind, View]) => [kind, new View()]))
    this.memory = memories.view
  }

  show(event: Event & { kind: SeenKind }, added: Added): void {
    const view = this.#views.get(event.kind)
    if (view === undefined) throw new Error(`no view of ${event.kind}`)
    view.show(event, added)
    this.event = view
    this.#current = event
    this.#process = undefined
    this.#target = undefined
  }

  get process(): ProcessView {
    this.#process ??= new ProcessView(this.#find(this.#current?.execId ?? null), this.#find)
    return this.#process
  }

  get target(): ProcessView {
    this.#target ??= new ProcessView(
      this.#current === undefined ? undefined : this.#world.target(this.#current),
      this.#find,
    )
    return this.#target
  }
}
