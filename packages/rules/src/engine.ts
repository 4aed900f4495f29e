import type { Event, Severity } from '@runwarden/events'
import { Context, type World } from './context.ts'
import { describeFailure, type Expression } from './expression.ts'
import type { Added } from './fields.ts'
import { Memories } from './memories.ts'
import { type Memory, type Rule, type RuleSet, type SeenKind, severities } from './rule.ts'
import { type JobNames, suppressedBy } from './suppress.ts'

/** What a rule has found. */
export interface Found {
  readonly rule: string
  readonly id: string
  readonly severity: Severity
  readonly title: string
  readonly text: string
  /** `seq` of the events behind it, in order. */
  readonly evidence: readonly number[]
  /** Why it is expected, and the line that says so; null: it is not. */
  readonly suppressed: string | null
}

export interface EngineParts {
  readonly world: World
  readonly job?: JobNames
  /** Takes what is wanting in what was found, each once: a rule that failed, findings that are not told, notes that were forgotten. */
  readonly onGap?: (text: string) => void
}

/** Findings of one id and severity that are told one by one. */
const toldPerSeverity = 1000
const mostEvidence = 24
const forgotten =
  'the job did more than rules remember at once: what it did first was forgotten early, and findings of several events may be wanting'

/** What has a condition: a rule or a memory. */
interface Asked<T> {
  readonly of: T
  readonly when: Expression<boolean>
  /** The event for which it was asked last. */
  turn: number
}

/** Conditions by what a field must be for them to hold. */
interface Lookup<T> {
  readonly of: 'event' | 'process'
  readonly field: string
  readonly byValue: Map<string, Asked<T>[]>
}

/** The conditions of one kind of events: those that need a field to have a value are looked up by it. */
class Conditions<T> {
  readonly #always: Asked<T>[] = []
  readonly #lookups: Lookup<T>[] = []
  #turn = 0

  add(of: T, when: Expression<boolean>): void {
    const asked = { of, when, turn: 0 }
    if (when.needs === null) this.#always.push(asked)
    for (const { of: root, field, values } of when.needs ?? []) {
      const { byValue } = this.#lookup(root, field)
      for (const value of values) {
        const there = byValue.get(value)
        if (there === undefined) byValue.set(value, [asked])
        else there.push(asked)
      }
    }
  }

  /** Calls back, once, for each condition that may hold for what the context shows. */
  each(context: Context, take: (asked: Asked<T>) => void): void {
    for (const asked of this.#always) take(asked)
    this.#turn++
    for (const { of, field, byValue } of this.#lookups) {
      const value = (context[of] as unknown as Record<string, unknown>)[field]
      if (typeof value === 'string') this.#ask(byValue.get(value), take)
      else if (Array.isArray(value))
        for (const one of value) this.#ask(byValue.get(one as string), take)
    }
  }

  #ask(found: readonly Asked<T>[] | undefined, take: (asked: Asked<T>) => void): void {
    if (found === undefined) return
    for (const asked of found) {
      if (asked.turn === this.#turn) continue
      asked.turn = this.#turn
      take(asked)
    }
  }

  #lookup(of: Lookup<T>['of'], field: string): Lookup<T> {
    let lookup = this.#lookups.find((one) => one.of === of && one.field === field)
    if (lookup === undefined) this.#lookups.push((lookup = { of, field, byValue: new Map() }))
    return lookup
  }
}

/** Runs rules over the events of one job. */
export class Engine {
  readonly #set: RuleSet
  readonly #parts: EngineParts
  readonly #context: Context
  readonly #memories: Memories
  readonly #rules = new Map<SeenKind, Conditions<Rule>>()
  readonly #notes = new Map<SeenKind, Conditions<Memory>>()
  /** By id, what findings were about; by id and severity, how many. */
  readonly #told = new Map<string, Map<string, Severity>>()
  readonly #many = new Map<string, number>()
  readonly #failed = new Set<unknown>()
  readonly #gaps = new Set<string>()

  constructor(set: RuleSet, parts: EngineParts) {
    this.#set = set
    this.#parts = parts
    this.#memories = new Memories(
      new Map(set.memories.map((memory) => [memory.name, memory])),
      (execId) => parts.world.process(execId),
      () => this.#lacks(forgotten),
    )
    this.#context = new Context(parts.world, this.#memories)
    for (const rule of set.rules) index(this.#rules, rule, rule.when)
    for (const memory of set.memories) index(this.#notes, memory, memory.when)
  }

  /** Whether any rule or memory is about events of this kind. */
  asks({ kind }: Event): boolean {
    return this.#rules.has(kind as SeenKind) || this.#notes.has(kind as SeenKind)
  }

  /** What an event leads to. Rules see what was remembered before it. */
  see(event: Event, added: Added): Found[] {
    if (event.kind === 'detection' || event.kind === 'agent.health') return []
    const { kind } = event
    const rules = this.#rules.get(kind)
    const notes = this.#notes.get(kind)
    if (rules === undefined && notes === undefined) return []
    const context = this.#context
    context.show(event, added)
    this.#memories.at(event)
    const found: Found[] = []
    rules?.each(context, (asked) => {
      context.memory.evidence = []
      if (this.#holds(asked)) this.#find(event, asked.of, found)
    })
    if (notes !== undefined) this.#note(notes, kind)
    return found
  }

  #note(notes: Conditions<Memory>, kind: SeenKind): void {
    const toNote: Memory[] = []
    notes.each(this.#context, (asked) => {
      if (this.#holds(asked)) toNote.push(asked.of)
    })
    for (const memory of toNote)
      this.#memories.note(memory.name, this.#value(memory, memory.value?.get(kind)) ?? '')
  }

  #holds({ of, when }: Asked<Rule | Memory>): boolean {
    return this.#value(of, when) === true
  }

  /** An expression may have no value for an event (the tenth argument of five): then it does not hold. */
  #value<T>(of: Rule | Memory, expression: Expression<T> | undefined): T | undefined {
    try {
      return expression?.run(this.#context)
    } catch (error) {
      if (!this.#failed.has(of)) {
        this.#failed.add(of)
        this.#lacks(
          `${of.where.file}:${of.where.line}: '${of.name}' does not hold for an event for which it has no value: ${describeFailure(error)}`,
        )
      }
      return undefined
    }
  }

  /**
   * Why a finding that an event leads to is expected, as `Found.suppressed`; also of findings that no rule makes.
   * @param process the program that acts
   */
  suppression(id: string, event: Event, process: string): string | null {
    const { job = {} } = this.#parts
    return suppressedBy(this.#set.suppressions, id, event, { process, job })
  }

  #lacks(text: string): void {
    if (this.#gaps.has(text)) return
    this.#gaps.add(text)
    this.#parts.onGap?.(text)
  }

  #find(event: Event & { kind: SeenKind }, rule: Rule, found: Found[]): void {
    const context = this.#context
    const asked = [...context.memory.evidence]
    const about =
      this.#value(rule, rule.about.get(event.kind)) ?? `${rule.name} ${context.process.execId}`
    const suppressed = this.suppression(rule.id, event, context.process.exe)
    // Apart: what is expected somewhere hides nothing that is not.
    const toldAs = suppressed === null ? rule.id : `suppressed ${rule.id}`
    let told = this.#told.get(toldAs)
    if (told === undefined) this.#told.set(toldAs, (told = new Map()))
    const before = told.get(about)
    // What is minor hides nothing that is worse, neither about the same nor by its number.
    if (before !== undefined && !isWorse(rule.severity, before)) return
    const many = this.#many.get(`${toldAs} ${rule.severity}`) ?? 0
    if (many >= toldPerSeverity) {
      this.#lacks(
        `more than ${toldPerSeverity} different findings of ${rule.id} (${rule.severity}): those after them are not told, but their events are in the record`,
      )
      return
    }
    this.#many.set(`${toldAs} ${rule.severity}`, many + 1)
    told.set(about, rule.severity)
    const text = (part: ReadonlyMap<SeenKind, Expression<string>>): string => {
      try {
        return part.get(event.kind)?.run(context) ?? ''
      } catch (error) {
        return `(${describeFailure(error)})`
      }
    }
    const evidence = [...new Set([...asked, event.seq])].toSorted((a, b) => a - b)
    found.push({
      rule: rule.name,
      id: rule.id,
      severity: rule.severity,
      title: text(rule.title),
      text: `${text(rule.explanation)} ${text(rule.advice)}`,
      evidence: evidence.slice(-mostEvidence),
      suppressed,
    })
  }
}

const isWorse = (one: Severity, other: Severity): boolean =>
  severities.indexOf(one) > severities.indexOf(other)

function index<T>(
  by: Map<SeenKind, Conditions<T>>,
  of: T,
  when: ReadonlyMap<SeenKind, Expression<boolean>>,
): void {
  for (const [kind, expression] of when) {
    let conditions = by.get(kind)
    if (conditions === undefined) by.set(kind, (conditions = new Conditions()))
    conditions.add(of, expression)
  }
}
