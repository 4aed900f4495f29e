import type { Event } from '@runwarden/events'
import type { ProcessFacts } from './process-view.ts'
import type { Subject } from './rule.ts'

/** Notes kept: beyond, the longest untouched are forgotten. */
const mostNotes = 50_000
/** Values of one memory of one subject: beyond, the oldest are forgotten. */
const mostValues = 256
/** Events behind one value that are kept as evidence. */
const mostEvidence = 4

interface Value {
  until: number
  evidence: number[]
}

export interface MemoryKind {
  readonly of: Subject
  readonly forMs: number
}

/** What rules may ask. */
export interface Recall {
  /** The events behind what is noted under a name; null: nothing is. */
  recall(name: string, value: string | null): readonly number[] | null
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
    const found = this.#memories.recall(name, value)
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
  readonly #notes = new Map<string, Map<string, Value>>()
  #event: Event | undefined

  constructor(
    kinds: ReadonlyMap<string, MemoryKind>,
    find: (execId: string | null) => ProcessFacts | undefined,
  ) {
    this.#kinds = kinds
    this.#find = find
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
    for (const key of this.#keys(name, kind.of, event)) {
      const values = this.#notes.get(key) ?? new Map<string, Value>()
      this.#notes.delete(key)
      this.#notes.set(key, values)
      const known = values.get(value)
      values.delete(value)
      const evidence = [...(known?.evidence ?? []), event.seq].slice(-mostEvidence)
      values.set(value, { until: event.time + kind.forMs, evidence })
      forgetOldest(values, mostValues)
    }
    forgetOldest(this.#notes, mostNotes)
  }

  recall(name: string, value: string | null): readonly number[] | null {
    const evidence: number[] = []
    let found = false
    for (const values of this.#asked(name)) {
      for (const [known, { until, evidence: seqs }] of value === null
        ? values
        : one(values, value)) {
        if (until < this.#time) values.delete(known)
        else {
          found = true
          evidence.push(...seqs)
        }
      }
    }
    return found ? evidence : null
  }

  count(name: string): number {
    const all = new Set<string>()
    for (const values of this.#asked(name))
      for (const [value, { until }] of values) if (until >= this.#time) all.add(value)
    return all.size
  }

  get #time(): number {
    return this.#event?.time ?? 0
  }

  #asked(name: string): Map<string, Value>[] {
    const kind = this.#kinds.get(name)
    if (this.#event === undefined || kind === undefined || this.#notes.size === 0) return []
    return this.#keys(name, kind.of, this.#event).flatMap((key) => this.#notes.get(key) ?? [])
  }

  #keys(name: string, of: Subject, { execId, step }: Event): string[] {
    if (of === 'job') return [name]
    if (of === 'step') return [`${name}\0${step ?? ''}`]
    if (execId === null) return []
    if (of === 'process') return [`${name}\0${execId}`]
    // Relatives have a parent or grandparent in common.
    const parent = this.#find(execId)?.parentExecId ?? null
    const grandparent = parent === null ? null : (this.#find(parent)?.parentExecId ?? null)
    return [execId, parent, grandparent].flatMap((id) => (id === null ? [] : `${name}\0${id}`))
  }
}

function one(values: Map<string, Value>, value: string): [string, Value][] {
  const found = values.get(value)
  return found === undefined ? [] : [[value, found]]
}

function forgetOldest(from: Map<string, unknown>, most: number): void {
  while (from.size > most) {
    const oldest = from.keys().next()
    if (oldest.done === true) return
    from.delete(oldest.value)
  }
}
