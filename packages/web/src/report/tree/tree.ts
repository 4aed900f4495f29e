import type { Report, ReportNode } from '@runwarden/events'

/** What a process and those below it did that a person should see. */
export interface Marks {
  blocked: number
  detections: number
}

/** One line of the tree as it is shown. */
export interface Row {
  node: ReportNode
  depth: number
  children: number
  open: boolean
  /** Place among its siblings, from 1, and how many they are. */
  position: number
  siblings: number
}

const none: Marks = { blocked: 0, detections: 0 }

/** The processes of a report by descent. The report lists parents before their children. */
export class Tree {
  readonly roots: string[] = []
  readonly #nodes: Map<string, ReportNode>
  readonly #children = new Map<string, string[]>()
  /** Of the process itself. */
  readonly #own = new Map<string, Marks>()
  /** Of the process and everything below it. */
  readonly #below = new Map<string, Marks>()

  constructor(report: Report) {
    this.#nodes = new Map(report.processes.map((node) => [node.execId, node]))
    for (const { execId, parentExecId } of report.processes) {
      if (parentExecId === null || !this.#nodes.has(parentExecId)) this.roots.push(execId)
      else append(this.#children, parentExecId, execId)
    }
    for (const entry of [...report.destinations, ...report.dns]) {
      if (entry.verdict === 'allowed') continue
      for (const { execId } of entry.processes) mark(this.#own, execId, 'blocked', 1)
    }
    for (const { execId } of report.detections)
      if (execId !== null) mark(this.#own, execId, 'detections', 1)
    for (const { execId, parentExecId } of report.processes.toReversed()) {
      for (const kind of ['blocked', 'detections'] as const) {
        const own = this.#own.get(execId)?.[kind] ?? 0
        if (own > 0) mark(this.#below, execId, kind, own)
        const sum = this.#below.get(execId)?.[kind] ?? 0
        if (parentExecId !== null && sum > 0) mark(this.#below, parentExecId, kind, sum)
      }
    }
  }

  get size(): number {
    return this.#nodes.size
  }

  has(execId: string): boolean {
    return this.#nodes.has(execId)
  }

  node(execId: string): ReportNode | undefined {
    return this.#nodes.get(execId)
  }

  children(execId: string): readonly string[] {
    return this.#children.get(execId) ?? []
  }

  own(execId: string): Marks {
    return this.#own.get(execId) ?? none
  }

  below(execId: string): Marks {
    return this.#below.get(execId) ?? none
  }

  /** From the root down to the parent. */
  ancestors(execId: string): string[] {
    const found: string[] = []
    const passed = new Set([execId])
    let at = this.#nodes.get(execId)?.parentExecId ?? null
    while (at !== null && this.#nodes.has(at) && !passed.has(at)) {
      passed.add(at)
      found.push(at)
      at = this.#nodes.get(at)?.parentExecId ?? null
    }
    return found.toReversed()
  }

  /** Open at first: everything in a small tree; in a large one the first generations and the way to what was refused. */
  openAtFirst(): Set<string> {
    if (this.size <= 300) return new Set(this.#children.keys())
    const open = new Set(this.roots.slice(0, 50))
    for (const execId of this.#below.keys()) {
      if (this.#children.has(execId)) open.add(execId)
    }
    return open
  }

  /** Every process that has children. */
  parents(): Iterable<string> {
    return this.#children.keys()
  }

  /** Lines from the top, children of open processes below them; with `among` only those, all open. */
  rows(open: ReadonlySet<string>, among: ReadonlySet<string> | null): Row[] {
    const rows: Row[] = []
    const visible = (ids: readonly string[]): readonly string[] =>
      among === null ? ids : ids.filter((id) => among.has(id))
    const roots = visible(this.roots)
    const stack = roots
      .map((execId, index) => ({ execId, depth: 0, position: index + 1, siblings: roots.length }))
      .toReversed()
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const { execId, ...place } = at
      const node = this.#nodes.get(execId)
      if (node === undefined) continue
      const children = visible(this.children(execId))
      const isOpen = children.length > 0 && (among !== null || open.has(execId))
      rows.push({ node, children: children.length, open: isOpen, ...place })
      if (!isOpen) continue
      for (let index = children.length - 1; index >= 0; index -= 1) {
        stack.push({
          execId: children[index] ?? '',
          depth: place.depth + 1,
          position: index + 1,
          siblings: children.length,
        })
      }
    }
    return rows
  }

  /** The processes that any of their programs, arguments, folders or pid match, and their ancestors; null: all. */
  search(words: string): { found: number; among: Set<string> } | null {
    const word = words.trim().toLowerCase()
    if (word === '') return null
    const among = new Set<string>()
    let found = 0
    for (const node of this.#nodes.values()) {
      if (!told(node).includes(word)) continue
      found += 1
      among.add(node.execId)
      for (const ancestor of this.ancestors(node.execId)) among.add(ancestor)
    }
    return { found, among }
  }
}

function told(node: ReportNode): string {
  return [node.pid, ...node.images.flatMap((image) => [image.exe, image.argv.join(' '), image.cwd])]
    .join('\n')
    .toLowerCase()
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

function mark(marks: Map<string, Marks>, execId: string, kind: keyof Marks, count: number): void {
  const known = marks.get(execId) ?? { ...none }
  known[kind] += count
  marks.set(execId, known)
}
