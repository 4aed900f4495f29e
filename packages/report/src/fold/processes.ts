import type { EventOf, ReportNode } from '@runwarden/events'
import type { Limits } from '../limits.ts'

type Image = ReportNode['images'][number]

interface Entry {
  node: ReportNode
  /** Children in the table. */
  children: number
  /** Something else in the report points at it. */
  noted: boolean
}

/** What is remembered of a process that is not in the table. */
interface Remembered {
  exe: string
}

const REMEMBERED = 4_096
const EARLY = 8_192
const ABOVE = 65_536
/** Generations looked through for a process that is in the table. */
const GENERATIONS = 64

/**
 * The process tree in bounded memory: when it is full, finished processes without children that did
 * nothing of note leave first, the oldest before the others.
 */
export class ProcessTable {
  readonly #entries = new Map<string, Entry>()
  /** Finished leaves in order of their end; may hold some that have been noted since. */
  #leaving: string[] = []
  #leavingFrom = 0
  readonly #remembered = new Map<string, Remembered>()
  /** Who stands above processes that are not in the table: for their bound, or since they ran their parent's program, as subshells do. */
  readonly #above = new Map<string, string>()
  /** Ends told before their beginnings: the kernel's two rings are not in step. */
  readonly #early = new Map<string, EventOf<'process.exit'>>()
  readonly #limits: Limits
  #total = 0
  #left = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Processes seen, kept or not. */
  get total(): number {
    return this.#total
  }

  /** Processes that are not in the tree for its bound. */
  get left(): number {
    return this.#left
  }

  /** A process runs the program of an ancestor. */
  fork(execId: string, forkOf: string): void {
    if (!this.#above.has(execId)) keepNewest(this.#above, ABOVE, execId, forkOf)
  }

  /** @returns what the process is now; undefined: it is not in the tree */
  exec(event: EventOf<'process.exec'>): Image | undefined {
    const { execId, ancestorExecId: above = event.parentExecId } = event
    if (execId === null) return undefined
    const known = this.#entries.get(execId)
    const image = this.#image(event)
    if (known !== undefined) {
      const { images } = known.node
      // The last place always tells what the process is now.
      if (images.length < this.#limits.images) images.push(image)
      else images[images.length - 1] = image
      return image
    }
    const early = this.#early.get(execId)
    this.#early.delete(execId)
    if (early === undefined && !this.#remembered.has(execId)) this.#total += 1
    if (this.#entries.size >= this.#limits.processes && !this.#makeRoom()) {
      if (!this.#remembered.has(execId)) this.#left += 1
      this.#remember(execId, image.exe, above)
      return undefined
    }
    const parentExecId = this.#nearest(above)
    const parent = parentExecId === null ? undefined : this.#entries.get(parentExecId)
    if (parent !== undefined) parent.children += 1
    this.#entries.set(execId, {
      children: 0,
      noted: false,
      node: {
        execId,
        parentExecId,
        pid: event.pid,
        uid: event.uid,
        images: [image],
        step: event.step,
        startTime: event.time,
        endTime: null,
        code: null,
        signal: null,
      },
    })
    if (early !== undefined) this.#end(execId, early)
    return image
  }

  exit(event: EventOf<'process.exit'>): void {
    if (event.execId === null) return
    const entry = this.#entries.get(event.execId)
    if (entry === undefined) {
      if (this.#remembered.has(event.execId)) return
      // A process that never became another program than its parent's, or whose exec is yet to come.
      this.#total += 1
      keepNewest(this.#early, EARLY, event.execId, event)
      return
    }
    this.#end(event.execId, event)
  }

  /** The program that `execId` was at that time; with an empty `exe` if that is not known (yet). */
  at(execId: string, time: number): { exe: string; image: number | null } {
    const images = this.#entries.get(execId)?.node.images
    if (images !== undefined) {
      const image = imageAt(images, time)
      return { exe: images[image]?.exe ?? '', image }
    }
    const remembered = this.#remembered.get(execId)
    if (remembered !== undefined) return { exe: remembered.exe, image: null }
    const nearest = this.#entries.get(this.#nearest(execId) ?? '')?.node.images ?? []
    return { exe: nearest[imageAt(nearest, time)]?.exe ?? '', image: null }
  }

  /** Something in the report points at the process: it stays in the tree. */
  note(execId: string): void {
    const entry = this.#entries.get(this.#nearest(execId) ?? execId)
    if (entry !== undefined) entry.noted = true
  }

  /** Parents before children, siblings in order of their start. */
  nodes(): ReportNode[] {
    const children = new Map<string, string[]>()
    const roots: string[] = []
    for (const [execId, { node }] of this.#entries) {
      // Who made the maker may have been told after this process began.
      node.parentExecId = this.#nearest(node.parentExecId)
      const parent = node.parentExecId
      if (parent === null || parent === execId || !this.#entries.has(parent)) roots.push(execId)
      else {
        const siblings = children.get(parent)
        if (siblings === undefined) children.set(parent, [execId])
        else siblings.push(execId)
      }
    }
    const ordered: ReportNode[] = []
    const stack = roots.toReversed()
    for (let execId = stack.pop(); execId !== undefined; execId = stack.pop()) {
      const node = this.#entries.get(execId)?.node
      if (node !== undefined) ordered.push(node)
      for (const child of children.get(execId)?.toReversed() ?? []) stack.push(child)
    }
    if (ordered.length < this.#entries.size) {
      // Ancestry that goes in a circle has no root: better at the top than not at all.
      const placed = new Set(ordered.map((node) => node.execId))
      for (const [execId, { node }] of this.#entries) {
        if (!placed.has(execId)) ordered.push({ ...node, parentExecId: null })
      }
    }
    return ordered
  }

  #image(event: EventOf<'process.exec'>): Image {
    const { text } = this.#limits
    const argv: string[] = []
    let room = text
    for (const argument of event.argv) {
      if (room <= 0) break
      argv.push(argument.slice(0, room))
      room -= argument.length + 1
    }
    const cut = room < 0 || argv.length < event.argv.length
    return {
      exe: event.exe.slice(0, text),
      argv,
      argvTruncated: event.argvTruncated || cut,
      cwd: event.cwd.slice(0, text),
      time: event.time,
    }
  }

  /** The process itself or the nearest one above it that is in the tree; itself where none is. */
  #nearest(execId: string | null): string | null {
    let at = execId
    for (
      let passed = 0;
      at !== null && passed < GENERATIONS && !this.#entries.has(at);
      passed += 1
    ) {
      at = this.#above.get(at) ?? null
    }
    return at !== null && this.#entries.has(at) ? at : execId
  }

  #end(execId: string, { time, code, signal }: EventOf<'process.exit'>): void {
    const entry = this.#entries.get(execId)
    if (entry === undefined) return
    entry.node.endTime = time
    entry.node.code = code
    entry.node.signal = signal
    if (entry.children === 0 && !entry.noted) this.#leaving.push(execId)
  }

  #makeRoom(): boolean {
    while (this.#leavingFrom < this.#leaving.length) {
      const execId = this.#leaving[this.#leavingFrom] ?? ''
      this.#leavingFrom += 1
      if (this.#leavingFrom > 8_192) {
        this.#leaving = this.#leaving.slice(this.#leavingFrom)
        this.#leavingFrom = 0
      }
      const entry = this.#entries.get(execId)
      if (entry === undefined || entry.noted || entry.children > 0) continue
      this.#drop(execId, entry)
      return true
    }
    return false
  }

  #drop(execId: string, entry: Entry): void {
    this.#entries.delete(execId)
    this.#left += 1
    const parentId = entry.node.parentExecId
    this.#remember(execId, entry.node.images.at(-1)?.exe ?? '', parentId)
    const parent = parentId === null ? undefined : this.#entries.get(parentId)
    if (parent === undefined || parentId === null) return
    parent.children -= 1
    if (parent.children === 0 && parent.node.endTime !== null && !parent.noted)
      this.#leaving.push(parentId)
  }

  #remember(execId: string, exe: string, above: string | null): void {
    keepNewest(this.#remembered, REMEMBERED, execId, { exe })
    if (above !== null) keepNewest(this.#above, ABOVE, execId, above)
  }
}

/** The last image that began before `time`, or the first: events of one process may come in another order. */
function imageAt(images: ReportNode['images'], time: number): number {
  for (let index = images.length - 1; index > 0; index -= 1) {
    if ((images[index]?.time ?? 0) <= time) return index
  }
  return 0
}

function keepNewest<V>(map: Map<string, V>, limit: number, key: string, value: V): void {
  if (map.size >= limit) {
    const oldest = map.keys().next()
    if (oldest.done !== true) map.delete(oldest.value)
  }
  map.set(key, value)
}
