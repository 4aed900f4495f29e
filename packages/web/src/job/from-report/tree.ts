import type { TreeProcess } from '@runwarden/api'
import type { Report } from '@runwarden/events'
import type { TreeAsked } from '../source.ts'

/** A report's processes as the server has them: by parent, each with what it did itself. */
export class ReportTree {
  readonly #processes: readonly TreeProcess[]
  readonly #byId: ReadonlyMap<string, TreeProcess>
  readonly #byParent = new Map<string, TreeProcess[]>()

  constructor(report: Report) {
    const did = actsOf(report)
    const none = { connections: 0, requests: 0, files: 0, refused: 0, detections: 0 }
    this.#processes = report.processes.map((node, index) =>
      Object.assign({}, node, none, did.get(node.execId), {
        n: index + 1,
        count: node.images.length,
        firstSeq: 0,
        firstTime: node.startTime,
        lastTime: node.endTime ?? report.endTime,
        children: 0,
      }),
    )
    this.#byId = new Map(this.#processes.map((process) => [process.execId, process]))
    for (const process of this.#processes) {
      const parent = this.#byId.get(process.parentExecId ?? '')
      if (parent !== undefined) parent.children += 1
      const key = parent?.execId ?? ''
      const siblings = this.#byParent.get(key)
      if (siblings === undefined) this.#byParent.set(key, [process])
      else siblings.push(process)
    }
  }

  /** As the server's route does. */
  page(
    { parent, line, search }: TreeAsked,
    after: number,
    limit: number,
  ): { items: TreeProcess[]; next: number | null } {
    if (line !== undefined) return { items: this.#line(line), next: null }
    const all =
      search === undefined ? (this.#byParent.get(parent ?? '') ?? []) : this.#matching(search)
    const rest = all.filter(({ n }) => n > after)
    const items = rest.slice(0, limit)
    return { items, next: rest.length > limit ? (items.at(-1)?.n ?? null) : null }
  }

  /** One, and those that it came from, the first of them first. */
  #line(execId: string): TreeProcess[] {
    const line: TreeProcess[] = []
    const passed = new Set<string>()
    for (let at = this.#byId.get(execId); at !== undefined && !passed.has(at.execId);) {
      passed.add(at.execId)
      line.push(at)
      at = this.#byId.get(at.parentExecId ?? '')
    }
    return line.toReversed()
  }

  #matching(search: string): TreeProcess[] {
    const word = search.toLowerCase()
    return this.#processes.filter(({ images }) =>
      images.some(({ exe, argv }) => `${exe}\n${argv.join('\n')}`.toLowerCase().includes(word)),
    )
  }
}

type Did = Pick<TreeProcess, 'connections' | 'requests' | 'files' | 'refused' | 'detections'>

function actsOf(report: Report): Map<string, Partial<Did>> {
  const did = new Map<string, Partial<Did>>()
  const add = (execId: string | null, what: keyof Did): void => {
    if (execId === null) return
    const known = did.get(execId) ?? {}
    known[what] = (known[what] ?? 0) + 1
    did.set(execId, known)
  }
  for (const { processes, verdict } of report.destinations)
    for (const { execId } of processes) {
      add(execId, 'connections')
      if (verdict !== 'allowed') add(execId, 'refused')
    }
  for (const { processes, verdict } of report.dns)
    if (verdict !== 'allowed') for (const { execId } of processes) add(execId, 'refused')
  for (const { processes } of report.http)
    for (const { execId } of processes) add(execId, 'requests')
  for (const { execId } of report.files) add(execId, 'files')
  for (const { execId } of report.detections) add(execId, 'detections')
  return did
}
