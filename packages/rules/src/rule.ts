import type { EventKind, Severity } from '@runwarden/events'
import type { Where } from '@runwarden/policy'
import type { Expression } from './expression.ts'

/** Kinds of events that rules see: all but those that the agent itself makes up. */
export type SeenKind = Exclude<EventKind, 'detection' | 'agent.health'>

/** In their order. */
export const severities: readonly Severity[] = ['info', 'low', 'medium', 'high', 'critical']

/** Whose memory it is: what is noted of one of them is recalled for it only. */
export type Subject = 'process' | 'family' | 'step' | 'job'

/** Something that is noted when it happens, so that rules can ask for it later. */
export interface Memory {
  readonly name: string
  readonly of: Subject
  /** How long it is recalled, milliseconds. */
  readonly forMs: number
  readonly when: ReadonlyMap<SeenKind, Expression<boolean>>
  /** What is noted; without it only that it happened. */
  readonly value: ReadonlyMap<SeenKind, Expression<string>> | null
  readonly where: Where
}

/** What leads to a finding. */
export interface Rule {
  /** Unique among all rules in use. */
  readonly name: string
  /** Of the detection: several rules may find the same thing in different ways. */
  readonly id: string
  readonly severity: Severity
  readonly when: ReadonlyMap<SeenKind, Expression<boolean>>
  /** It is told once for each value of this, and again when it is worse. */
  readonly about: ReadonlyMap<SeenKind, Expression<string>>
  readonly title: ReadonlyMap<SeenKind, Expression<string>>
  readonly explanation: ReadonlyMap<SeenKind, Expression<string>>
  readonly advice: ReadonlyMap<SeenKind, Expression<string>>
  readonly falseAlarms: string
  readonly tests: readonly RuleTest[]
  readonly where: Where
}

/** Findings that are expected, and told apart from the others. All that is named must match. */
export interface Suppression {
  readonly reason: string
  /** Patterns of glob(), by what they are matched with. */
  readonly match: ReadonlyMap<SuppressionKey, string>
  readonly where: Where
}

export const suppressionKeys = [
  'id',
  'owner',
  'repository',
  'workflow',
  'job',
  'step',
  'endpoint',
  'process',
  'file',
] as const
export type SuppressionKey = (typeof suppressionKeys)[number]

/** A process of a test, or what a test says of one. */
export interface TestProcess {
  readonly name: string
  readonly parent: string | null
  readonly exe: string
  readonly argv: readonly string[]
  readonly cwd: string
  readonly uid: number
  readonly role: Role
  readonly inside: boolean
  readonly preexisting: boolean
  /** Null: in none. */
  readonly step: string | null
  /** Names of processes whose output it reads. */
  readonly feeders: readonly string[]
  /** What its input and output are, the same for all who have it from one another. */
  readonly input: string | undefined
  readonly output: string | undefined
  /** Who is at the other end of its input, a unix socket. */
  readonly peer: string | undefined
}

/** What a process is to the job: the runner's worker holds all of its secrets. */
export type Role = 'worker' | 'agent' | 'other'

/** One event of a test: fields as rules name them, the rest is empty. */
export interface TestEvent {
  readonly kind: SeenKind
  readonly by: string | null
  readonly target: string | null
  /** Seconds from the test's beginning. */
  readonly at: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** Events in, so many findings of the rule out. */
export interface RuleTest {
  readonly name: string
  readonly processes: readonly TestProcess[]
  readonly events: readonly TestEvent[]
  readonly finds: number
  readonly where: Where
}

/** What one or more files say. */
export interface RuleSet {
  readonly lists: ReadonlyMap<string, readonly string[]>
  readonly memories: readonly Memory[]
  readonly rules: readonly Rule[]
  readonly suppressions: readonly Suppression[]
}
