import type { Event } from '@runwarden/events'
import type { ProcessFacts } from './process-view.ts'
import type { Subject } from './rule.ts'

/** Notes kept: beyond, the longest untouched are forgotten. */
const mostNotes = 50_000
/** Values of one memory of one subject: beyond, the oldest are forgotten. */
const mostValues = 4096
/** Characters of all values: beyond, too, the notes that were longest untouched are forgotten. */
const mostCharacters = 32 << 20
/** Events behind one value that are kept as evidence, and behind all of them. */
const mostEvidence = 4
const mostRecent = 24

interface Value {
  until: number
  evidence: number[]
}

/** Ancestors that a family has, the parent first: whoever wants to be further from what it does can be. */
const mostAncestors = 8

/** One memory of one subject. */
interface Notes {
  /** The oldest first. */
  values: Map<string, Value>
  /** The last events that noted something, the oldest first, some of each value: all are too many to be gone through at each event. */
  recent: { value: string; until: number; seq: number }[]
}

export interface MemoryKind {
  readonly of: Subject
  readonly forMs: number
}

/** What rules may ask. */
export interface Recall {
  /** The events behind what is noted under a name; null: nothing is. */
  recall(name: string, value: string | null): readonly number[] | null
  /** The same, of relatives that are further apart. */
  recallFar(name: string): readonly number[] | null
  count(name: string): number
}

/** The variable `memory` of rules. */
export class MemoryView {
  readonly #memories: Recall
  /** The events behind what the rule has asked for so far. */
  evidence: number[] = []

  constructor(memories: Recall) {
    this.#memories = memories
  }

  holds(name: string, value: string | null): boolean {
    return this.#take(this.#memories.recall(name, value))
  }

  holdsFar(name: string): boolean {
    return this.#take(this.#memories.recallFar(name))
  }

  #take(found: readonly number[] | null): boolean {
    if (found === null) return false
    this.evidence.push(...found)
    return true
  }

  count(name: string): number {
    const count = this.#memories.count(name)
    if (count > 0) this.evidence.push(...(this.#memories.recall(name, null) ?? []))
    return count
  }
}

/** What has been noted, of one job. Bounded: the job decides how much there is to note. */
export class Memories {
  readonly view: MemoryView
  readonly #kinds: ReadonlyMap<string, MemoryKind>
  readonly #find: (execId: string | null) => ProcessFacts | undefined
  readonly #onForgotten: () => void
  readonly #notes = new Map<string, Notes>()
  #characters = 0
  #event: Event | undefined

  /** @param onForgotten something is forgotten before its time is over: what asks for it later does not find it */
  constructor(
    kinds: ReadonlyMap<string, MemoryKind>,
    find: (execId: string | null) => ProcessFacts | undefined,
    onForgotten: () => void,
  ) {
    this.#kinds = kinds
    this.#find = find
    this.#onForgotten = onForgotten
    this.view = new MemoryView(this)
  }

  /** What follows is asked, and noted, at this event. */
  at(event: Event): void {
    this.#event = event
  }

  note(name: string, value: string): void {
    const event = this.#event
    const kind = this.#kinds.get(name)
    if (event === undefined || kind === undefined) return
    const keys = this.#keys(name, kind.of, event)
    if (kind.of === 'family') keys.push(...this.#far(event).map((id) => `${name}\0far\0${id}`))
    for (const key of keys) {
      const notes = this.#notes.get(key) ?? { values: new Map<string, Value>(), recent: [] }
      this.#notes.delete(key)
      this.#notes.set(key, notes)
      const { values, recent } = notes
      const { seq } = event
      const until = event.time + kind.forMs
      const known = values.get(value)
      if (known === undefined) this.#characters += value.length
      values.delete(value)
      const evidence = [...(known?.evidence ?? []), seq].slice(-mostEvidence)
      values.set(value, { until, evidence })
      if (values.size > mostValues) this.#forgetFirst(values)
      recent.push({ value, until, seq })
      const alike = recent.filter((one) => one.value === value)
      if (alike.length > mostEvidence) recent.splice(recent.indexOf(alike[0]!), 1)
      if (recent.length > mostRecent) recent.shift()
    }
    while (this.#notes.size > mostNotes || this.#characters > mostCharacters) {
      const [key, { values }] = first(this.#notes)
      while (values.size > 0) this.#forgetFirst(values)
      this.#notes.delete(key)
    }
  }

  #forgetFirst(values: Map<string, Value>): void {
    const [value, { until }] = first(values)
    values.delete(value)
    this.#characters -= value.length
    if (until >= this.#time) this.#onForgotten()
  }

  recall(name: string, value: string | null): readonly number[] | null {
    const evidence = this.#asked(name).flatMap((notes) =>
      value === null ? this.#recent(notes) : this.#behind(notes, value),
    )
    return evidence.length > 0 ? evidence : null
  }

  recallFar(name: string): readonly number[] | null {
    const event = this.#event
    if (event === undefined || this.#kinds.get(name)?.of !== 'family') return null
    // One of two is near to what they have in common.
    const keys = [
      ...this.#near(event.execId).map((id) => `${name}\0far\0${id}`),
      ...this.#far(event).map((id) => `${name}\0${id}`),
    ]
    const evidence = keys.flatMap((key) => {
      const notes = this.#notes.get(key)
      return notes === undefined ? [] : this.#recent(notes)
    })
    return evidence.length > 0 ? evidence : null
  }

  #recent({ recent }: Notes): number[] {
    return recent.flatMap(({ until, seq }) => (until < this.#time ? [] : seq))
  }

  #behind({ values }: Notes, value: string): number[] {
    const found = values.get(value)
    if (found === undefined) return []
    if (found.until >= this.#time) return found.evidence
    values.delete(value)
    this.#characters -= value.length
    return []
  }

  count(name: string): number {
    const all = new Set<string>()
    for (const { values } of this.#asked(name))
      for (const [value, { until }] of values) if (until >= this.#time) all.add(value)
    return all.size
  }

  get #time(): number {
    return this.#event?.time ?? 0
  }

  #asked(name: string): Notes[] {
    const kind = this.#kinds.get(name)
    if (this.#event === undefined || kind === undefined || this.#notes.size === 0) return []
    return this.#keys(name, kind.of, this.#event).flatMap((key) => this.#notes.get(key) ?? [])
  }

  #keys(name: string, of: Subject, { execId, step }: Event): string[] {
    if (of === 'job') return [name]
    if (of === 'step') return [`${name}\0${step ?? ''}`]
    if (execId === null) return []
    if (of === 'process') return [`${name}\0${execId}`]
    return this.#near(execId).map((id) => `${name}\0${id}`)
  }

  /**
   * Relatives have a parent or grandparent in common. What is above a step has the whole job below it: it makes relatives of those
   * of one step only.
   */
  #near(execId: string | null): string[] {
    if (execId === null) return []
    const own = this.#find(execId)
    const found = [execId]
    let above = false
    for (let at = own, up = 1; at !== undefined && at.parentExecId !== null && up <= 2; up++) {
      const id = at.parentExecId
      at = this.#find(id)
      above ||= at !== undefined && at.step !== own?.step
      found.push(above ? `${id}\0${own?.step ?? ''}` : id)
    }
    return found
  }

  /** The ancestors above the grandparent, in the same step: what is above a step has the whole job below it. */
  #far({ execId }: Event): string[] {
    const found: string[] = []
    const own = this.#find(execId)
    for (let at = own, up = 1; at !== undefined && up <= mostAncestors; up++) {
      at = this.#find(at.parentExecId)
      if (at === undefined || at.step !== own?.step) break
      if (up > 2) found.push(at.execId)
    }
    return found
  }
}

/** The oldest of what is not empty. */
function first<T>(of: Map<string, T>): [string, T] {
  for (const entry of of) return entry
  throw new Error('there is none')
}
