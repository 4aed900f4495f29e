import type { Process } from './process-table.ts'

/** Steps of a workflow that container engines' daemons act for, and what they were asked for. */

/** Of what a step did, and it is not known which. */
export const UNKNOWN = 'unknown step'

/** What a container's process was put there as, by the words of the runtime that did it. */
export interface Put {
  container: string
  /** Of a command in a container that runs (exec). */
  session: string | undefined
  /** It is such a command. */
  isExec: boolean
}

/** Asked of one container or command. */
interface Asked {
  /** By these steps, since the engine did it last. */
  by: Set<string>
  /** The step that it was done for last. */
  last?: string
}

/** Who has asked for a process in a container. */
type Asker =
  /** This step. */
  | { step: string }
  /** One of these. */
  | { steps: readonly string[] }
  /** Nobody that is known. */
  | undefined

const full = '[0-9a-f]{64}'
/** As Docker's API and podman's own have it. Names and short ids say which container only to the engine. */
const starts = new RegExp(`/(?:containers|exec)/(${full})/(?:re)?start$`)
const id = new RegExp(`^${full}$`)
const ids = new RegExp(`(?<![0-9a-f])${full}(?![0-9a-f])`, 'g')
/** What a runtime is told to do, that ends with a program in a container; the container's id is its last word. */
const verbs = new Set(['create', 'run', 'restore', 'exec'])
/** Between the runtime and the program that it puts into a container. */
const GENERATIONS = 8
/** Containers and commands that are remembered. */
const KEPT = 4096

/** What containers' engines are asked by the processes of steps. */
export class EngineCalls {
  /** Steps of living processes that have connected to an engine. */
  readonly #callers = new Map<string, string>()
  readonly #asked = new Map<string, Asked>()
  /** Steps of gaps that were told. */
  readonly #told = new Set<string>()

  /** A process has connected to an engine's socket. */
  connected(execId: string, step: string): void {
    this.#callers.set(execId, step)
    if (this.#callers.size <= KEPT) return
    const [oldest] = this.#callers.keys()
    if (oldest !== undefined) this.#callers.delete(oldest)
  }

  /** A process has ended. */
  exit(execId: string): void {
    this.#callers.delete(execId)
  }

  /** An engine has read a request. @param path of its URL, without the query */
  asked(step: string, path: string): void {
    const what = starts.exec(path)?.[1]
    if (what === undefined) return
    this.#about(what).by.add(step)
  }

  /** An engine has put a process into a container, and does so for whoever asked. */
  askerOf(put: Put | undefined): Asker {
    const callers = [...this.#callers.values()]
    if (put === undefined) return oneOf(callers)
    const { container, session, isExec } = put
    const known = this.#asked.get(container)
    const asked = isExec ? this.#asked.get(session ?? '') : known
    if (asked !== undefined && asked.by.size > 0) return this.#done(asked)
    // Nobody was seen to ask. The engine may do it by itself, for the container: start it again, or check its health.
    return oneOf(known?.last === undefined ? callers : [...callers, known.last])
  }

  /** What is to be said of a process of which it is not known which step asked for it: once for the same steps. */
  gapOf(asker: NonNullable<Asker>): string | undefined {
    if ('step' in asker && asker.step !== UNKNOWN) return undefined
    const who = 'step' in asker ? 'one that is not known' : asker.steps.join(', ')
    if (this.#told.has(who) || this.#told.size >= KEPT) return undefined
    this.#told.add(who)
    return `a container engine started processes in containers, and it was not seen which step's process asked for it (connected were: ${who}): what these do is told under '${UNKNOWN}'`
  }

  #done(asked: Asked): Asker {
    const asker = oneOf(asked.by)
    asked.by.clear()
    if (asker !== undefined && 'step' in asker) asked.last = asker.step
    else delete asked.last
    return asker
  }

  #about(what: string): Asked {
    const about = this.#asked.get(what) ?? { by: new Set() }
    this.#asked.delete(what)
    this.#asked.set(what, about)
    const [oldest] = this.#asked.keys()
    if (this.#asked.size > KEPT && oldest !== undefined) this.#asked.delete(oldest)
    return about
  }
}

/**
 * By which words a container's process was put there: those of the runtime (runc, crun), the nearest of its makers that has an
 * id among its words. Ids are the engine's; nothing that the container's user chose is among a runtime's words.
 */
export function putBy(
  execId: string,
  get: (execId: string) => Process | undefined,
): Put | undefined {
  let process = get(execId)
  for (let i = 0; i < GENERATIONS && process !== undefined; i++) {
    const { argv = [], parentExecId } = process
    const words = [...argv.join(' ').matchAll(ids)].map(([word]) => word)
    const container = argv.at(-1) ?? ''
    const verb = argv.find((word) => verbs.has(word))
    if (words.length > 0) {
      // The arguments may have been cut.
      if (verb === undefined || !id.test(container)) return undefined
      const session = words.find((word) => word !== container)
      return { container, session, isExec: verb === 'exec' }
    }
    process = parentExecId === null ? undefined : get(parentExecId)
  }
  return undefined
}

function oneOf(steps: Iterable<string>): Asker {
  const distinct = [...new Set(steps)]
  const [step] = distinct
  if (step === undefined) return undefined
  return distinct.length === 1 ? { step } : { steps: distinct.toSorted() }
}
