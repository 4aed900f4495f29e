import { baseName } from './fields.ts'
import { readsCommands } from './shell-arguments.ts'
import type { Role } from './rule.ts'
import { scriptOf } from './script.ts'
import { toolOf, wordsOf } from './tool.ts'

/** What is known of a process. */
export interface ProcessFacts {
  readonly execId: string
  readonly pid: number
  readonly parentExecId: string | null
  readonly exe: string
  readonly argv?: readonly string[]
  /** What its arguments say that it runs, where `argv` is the beginning of them only. */
  readonly script?: string
  readonly cwd?: string
  /** The file of its program was there before the run, and has not been changed since; false when it is left out. */
  readonly preexisting?: boolean
  /** Processes whose standard output is a pipe that is this one's standard input. */
  readonly feeders?: Iterable<string>
  /** Processes whose standard input is a pipe that is this one's standard output. */
  readonly readers?: Iterable<string>
  /** What its standard input and output are, the same for all who have them from one another; none: nobody is at another end. */
  readonly input?: number | string | undefined
  readonly output?: number | string | undefined
  /** Who is at the other end of its standard input, a unix socket. */
  readonly peer?: string | undefined
  /** The program that it is a copy of, under another name. */
  readonly copyOf?: string
  readonly uid: number
  /** Where in a workflow it is; left out where that is not looked at. */
  readonly step?: string | null
  /** `other` when it is left out. */
  readonly role?: Role
  /** In the scope, so that it is under the policy; true when it is left out. */
  readonly inside?: boolean
}

/** Ancestors that rules see; what descends further is a fork bomb. */
const mostAncestors = 32
/** Processes of a pipeline that rules see. */
const mostAlong = 1_024

/** They make a terminal, or pipes, for what they start, and hand on what comes. */
const between = new Set(
  'script unbuffer expect rlwrap dtach socat sudo sudo-rs doas su runuser'.split(' '),
)
/** So many in a row. */
const mostGivers = 8

/** A process as rules see it: of one that is not known all is empty. */
export class ProcessView {
  readonly #facts: ProcessFacts | undefined
  readonly #find: (execId: string | null) => ProcessFacts | undefined
  #parent: ProcessView | undefined
  #ancestors: ProcessView[] | undefined

  constructor(
    facts: ProcessFacts | undefined,
    find: (execId: string | null) => ProcessFacts | undefined,
  ) {
    this.#facts = facts
    this.#find = find
  }

  get known(): boolean {
    return this.#facts !== undefined
  }

  get execId(): string {
    return this.#facts?.execId ?? ''
  }

  get pid(): number {
    return this.#facts?.pid ?? 0
  }

  get uid(): number {
    return this.#facts?.uid ?? 0
  }

  get exe(): string {
    return this.#facts?.exe ?? ''
  }

  get name(): string {
    return baseName(this.exe)
  }

  /** The same, of a program that is many (busybox) the one that it was called as, and of a copy the one that it is of. */
  get tool(): string {
    return toolOf(this.#facts?.copyOf ?? this.exe, this.argv)
  }

  /** For sentences: a process whose program is not known has no name either. */
  get who(): string {
    return this.exe === '' ? 'a process that has ended' : this.exe
  }

  get argv(): readonly string[] {
    return this.#facts?.argv ?? []
  }

  get commandLine(): string {
    return this.argv.join(' ')
  }

  /** What it runs, where it is an interpreter: see scriptOf(). */
  get script(): string {
    return this.#facts?.script ?? scriptOf(this.exe, this.argv)
  }

  get cwd(): string {
    return this.#facts?.cwd ?? ''
  }

  /** Nobody in this run can have made its program what it is. */
  get preexisting(): boolean {
    return this.#facts?.preexisting ?? false
  }

  get inside(): boolean {
    return this.#facts?.inside ?? this.known
  }

  get worker(): boolean {
    return this.#facts?.role === 'worker'
  }

  get agent(): boolean {
    return this.#facts?.role === 'agent'
  }

  get parent(): ProcessView {
    this.#parent ??= new ProcessView(
      this.#facts === undefined ? undefined : this.#find(this.#facts.parentExecId),
      this.#find,
    )
    return this.#parent
  }

  /** The nearest first. */
  get ancestors(): readonly ProcessView[] {
    if (this.#ancestors !== undefined) return this.#ancestors
    const found: ProcessView[] = []
    for (let at = this.parent; at.known && found.length < mostAncestors; at = at.parent)
      found.push(at)
    this.#ancestors = found
    return found
  }

  /** Whose output it reads, by pipes, also through others: the nearest first. */
  get upstream(): readonly ProcessView[] {
    return this.#along((facts) => facts?.feeders)
  }

  /** Who reads its output, by pipes, also through others: the nearest first. */
  get downstream(): readonly ProcessView[] {
    return this.#along((facts) => facts?.readers)
  }

  /** Who is at the other end of its standard input, a unix socket: who made the pair of them, or listens. */
  get peer(): ProcessView {
    return new ProcessView(this.#find(this.#facts?.peer ?? null), this.#find)
  }

  /**
   * Who may write what it reads: those above it that have the same input, up to whom they have it from; who is at the other end of a
   * unix socket; whoever feeds it through programs that hand on.
   */
  get inputFrom(): readonly ProcessView[] {
    return distinct([...this.#sharing(inputOf), ...this.#giversAlong(inputOf, this.upstream)])
  }

  /**
   * Who reads what it writes, and writes what it reads: whom it has both from, its peer, and members of a circle of pipes. Of what it
   * has from them as they have it themselves, those that have both.
   */
  get talksWith(): readonly ProcessView[] {
    const { upstream, downstream } = this
    return [
      ...common(this.#sharing(inputOf), this.#sharing(outputOf)),
      ...common(
        [...upstream, ...this.#giversAlong(inputOf, upstream)],
        [...downstream, ...this.#giversAlong(outputOf, downstream)],
      ),
    ]
  }

  /** Ancestors that have the same one, the nearest first. */
  #sharing(end: EndOf): readonly ProcessView[] {
    const own = end(this.#facts)
    const giver = this.ancestors.findIndex((one) => end(one.#facts) !== own)
    if (own === undefined) return []
    return giver === -1 ? this.ancestors : this.ancestors.slice(0, giver)
  }

  /** Whom it has it from, and those that have theirs along pipes through programs that hand on. */
  #giversAlong(end: EndOf, along: readonly ProcessView[]): readonly ProcessView[] {
    const handing = along.filter((one) => isHandingOn(one))
    const givers = [this, ...handing].flatMap((one) => one.#giversOf(end))
    return this.peer.known ? [...givers, this.peer] : givers
  }

  /** The nearest ancestor that has another one: it has given it. Where that makes terminals, whoever gave it its own, too. */
  #giversOf(end: EndOf, most = mostGivers): ProcessView[] {
    const own = end(this.#facts)
    if (own === undefined || most === 0) return []
    const giver = this.ancestors.find((one) => end(one.#facts) !== own)
    if (giver === undefined) return []
    return between.has(giver.tool) ? [giver, ...giver.#giversOf(end, most - 1)] : [giver]
  }

  /** If it is a shell: its arguments name neither commands nor a script, so it takes commands from its input. */
  get readsCommands(): boolean {
    return this.known && readsCommands(wordsOf(this.#facts?.copyOf ?? this.exe, this.argv))
  }

  #along(next: (facts: ProcessFacts | undefined) => Iterable<string> | undefined): ProcessView[] {
    const found = new Map<string, ProcessView>([[this.execId, this]])
    for (const one of found.values())
      for (const execId of next(one.#facts) ?? []) {
        if (found.size > mostAlong) break
        if (!found.has(execId)) found.set(execId, new ProcessView(this.#find(execId), this.#find))
      }
    return [...found.values()].slice(1)
  }
}

type EndOf = (facts: ProcessFacts | undefined) => number | string | undefined
const inputOf: EndOf = (facts) => facts?.input
const outputOf: EndOf = (facts) => facts?.output

/** A member of a pipeline whose output is its input. */
const isHandingOn = ({ tool, exe, argv }: ProcessView): boolean =>
  tool === 'tee' || (tool === 'cat' && wordsOf(exe, argv).every((word) => word.startsWith('-')))

const distinct = (all: readonly ProcessView[]): ProcessView[] => [
  ...new Map(all.map((one) => [one.execId, one])).values(),
]

function common(some: readonly ProcessView[], others: readonly ProcessView[]): ProcessView[] {
  const ids = new Set(others.map(({ execId }) => execId))
  return distinct(some.filter(({ execId }) => ids.has(execId)))
}

/** Its fields, for CEL. */
export const processFields = {
  known: 'bool',
  execId: 'string',
  pid: 'double',
  uid: 'double',
  exe: 'string',
  name: 'string',
  tool: 'string',
  who: 'string',
  argv: 'list<string>',
  commandLine: 'string',
  script: 'string',
  cwd: 'string',
  preexisting: 'bool',
  inside: 'bool',
  worker: 'bool',
  agent: 'bool',
  parent: 'Process',
  ancestors: 'list<Process>',
  upstream: 'list<Process>',
  downstream: 'list<Process>',
  peer: 'Process',
  inputFrom: 'list<Process>',
  talksWith: 'list<Process>',
  readsCommands: 'bool',
} as const satisfies Record<Exclude<keyof ProcessView, never>, string>
