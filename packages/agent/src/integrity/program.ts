import type { Process, ProcessTable } from '../process-table.ts'

/** Who wrote a file. Files that one process wrote share it. */
export interface Writer {
  readonly execId: string
  readonly parent: string | null
  readonly exe: string
  /** The script that an interpreter runs, as it was named; empty: none. */
  readonly script: string
  readonly command: string
  readonly step: string | null
}

/** Arguments that are looked at for a script: options may stand before it. */
const argumentsLookedAt = 4
const commandKept = 400

export function writerOf({ execId, parentExecId, exe, argv = [], step }: Process): Writer {
  return {
    execId,
    parent: parentExecId,
    exe,
    script: scriptOf(argv),
    command: argv.join(' ').slice(0, commandKept),
    step,
  }
}

/** The first argument that can be a file: two scripts of one interpreter are two programs. */
function scriptOf(argv: readonly string[]): string {
  const named = argv.slice(1, 1 + argumentsLookedAt).find((text) => !text.startsWith('-'))
  return named !== undefined && /[/.]/.test(named) ? named : ''
}

/** How who changes a file stands to who wrote it. */
export type Relation = 'own' | 'same-program' | 'same-step' | 'other-step' | 'before-run'

/**
 * A file is its writer's: the process that wrote it, and what the same program in the same step does as its child, its
 * parent or its sibling. The same program elsewhere is told apart, since who swaps a file may well use the program that
 * wrote it.
 */
export function relationOf(actor: Writer, writer: Writer | null): Relation {
  if (writer === null) return 'before-run'
  if (actor.execId === writer.execId) return 'own'
  if (actor.step !== writer.step) return 'other-step'
  if (actor.exe !== writer.exe || actor.script !== writer.script) return 'same-step'
  const related =
    actor.parent === writer.execId ||
    writer.parent === actor.execId ||
    (actor.parent !== null && actor.parent === writer.parent)
  return related ? 'own' : 'same-program'
}

const interpreters = /^(?:node|nodejs|bun|deno|ruby|php|python[\d.]*)$/
const word = /^[a-z][a-z-]{0,30}$/
/** Options of java that take the next argument. */
const javaValues =
  /^(?:-cp|-classpath|--class-path|-p|--module-path|--add-(?:modules|opens|exports|reads))$/

const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/**
 * What an interpreter runs: its script by the last name, with a subcommand (`webpack`, `vite build`); `dotnet build`; of Java the archive or the main
 * class. Undefined: it is none, or that is not known.
 */
export function runBy({ exe, argv = [] }: Pick<Process, 'exe' | 'argv'>): string | undefined {
  const name = lastName(exe)
  if (name === 'java') {
    const isMain = (_: string, at: number): boolean => at > 0 && !javaValues.test(argv[at - 1]!)
    const main = argv.find((text, at) => isMain(text, at) && !/^[-@]/.test(text))
    return main === undefined ? undefined : lastName(main)
  }
  if (name === 'dotnet') return word.test(argv[1] ?? '') ? `dotnet ${argv[1]}` : undefined
  if (!interpreters.test(name)) return undefined
  const at = argv.findIndex((text, index) => index > 0 && !text.startsWith('-'))
  if (at < 1 || at > argumentsLookedAt) return undefined
  const script = lastName(argv[at]!)
  // A program within the arguments has no name.
  if (!/^[\w.@-]{1,64}$/.test(script) || ['-c', '-e', '-p'].includes(argv[at - 1]!))
    return undefined
  return word.test(argv[at + 1] ?? '') ? `${script} ${argv[at + 1]}` : script
}

const mostAlongside = 32

/**
 * The programs, by their last names, and what interpreters run, that ran at a time beside a process: none that it descends from, and none that
 * descends from it.
 * @param at as events have their time
 */
export function alongside(processes: ProcessTable, execId: string, at: number): string[] {
  const above = new Set(lineage(processes, execId))
  const names = new Set<string>()
  for (const process of processes.runningAt(at)) {
    if (names.size >= mostAlongside) break
    if (process.exe === '' || above.has(process.execId)) continue
    const run = runBy(process)
    const here = [lastName(process.exe), ...(run === undefined ? [] : [run])]
    if (here.every((name) => names.has(name))) continue
    if (!lineage(processes, process.execId).includes(execId))
      here.forEach((name) => names.add(name))
  }
  return [...names].toSorted()
}

/** A process and those above it. */
function lineage(processes: ProcessTable, execId: string): string[] {
  const found: string[] = []
  let at: string | null = execId
  while (at !== null && found.length < 64) {
    found.push(at)
    at = processes.get(at)?.parentExecId ?? null
  }
  return found
}
