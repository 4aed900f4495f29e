import type { Event, EventOf } from '@runwarden/events'
import { inTurn, LOOK_MS } from '@runwarden/sensor'
import type { EventBody } from '../event-stream.ts'
import type { ProcessTable } from '../process-table.ts'
import {
  act,
  type Change,
  type FileEvent,
  isNews,
  type Last,
  newChange,
  read,
  settle,
  type Way,
} from './change.ts'
import type { Content } from './contract.ts'
import { type Entry, Files } from './files.ts'
import { packageOf } from './package-folder.ts'
import { alongside, relationOf, type Writer, writerOf } from './program.ts'
import { ContentReader, settleMs } from './reader.ts'
import { StartupFiles } from './startup-files.ts'
import { Unsettled } from './unsettled.ts'

type ChangedBody = Extract<EventBody, { kind: 'file.changed' }>

export interface IntegrityParts {
  /** Real path. */
  workspace: string
  processes: ProcessTable
  emit: (changed: ChangedBody) => void
  gap: (text: string) => void
}

/** Changes of one file that are told one by one. */
const toldPerFile = 12
/** How long a file is left alone before what it holds is what its writer wrote: to the turn behind that. */
const quietMs = 1.5 * LOOK_MS
/** How often a file that is being written is looked at before what it holds then is taken. */
const mostTries = 8

/**
 * Who wrote the workspace's files, and who else changes them: told by the acts, with what the files held before and after
 * where that is known. What a file holds is read after the fact: it never says more than what was there when it was read.
 */
export class Integrity {
  readonly #parts: IntegrityParts
  readonly #files: Files
  readonly #reader: ContentReader
  readonly startupFiles: StartupFiles
  /** What was there before the run. */
  readonly #walked = new Map<string, string>()
  readonly #began = Date.now()
  #writer: Writer | undefined
  /** Changed files, to be looked at again when who changed them has ended, and when the run ends. */
  readonly #unsettled = new Unsettled<Last>()
  /** Files that are being looked at, and what was done to them last. */
  readonly #looking = new Map<string, Last>()
  /** Nobody writes any more. */
  #ended = false

  constructor(parts: IntegrityParts) {
    this.#parts = parts
    this.#files = new Files()
    this.#reader = new ContentReader({
      onWalked: (files) => {
        for (const [path, digest] of files) this.#walked.set(path, digest)
      },
      gap: parts.gap,
    })
    this.startupFiles = new StartupFiles(this.#reader)
  }

  /** Begins to read what is there. */
  begin(): void {
    const { workspace } = this.#parts
    // Nobody works on a whole machine.
    if (workspace !== '/') this.#reader.walk(workspace, this.#began)
  }

  /** Takes an event, and tells which program is known to have written its file before; empty: none. */
  see(event: Event): string {
    const writer = this.#writerBefore(event)
    if (event.kind === 'process.exit') this.#exited(event.execId)
    else if (event.kind === 'file.delete') this.#taken(event, event.path)
    else if (event.kind === 'file.rename') this.#renamed(event)
    else if (event.kind === 'file.create' || event.kind === 'file.write')
      this.#put(event, event.path, event.kind === 'file.create' ? 'create' : 'write')
    return writer
  }

  /**
   * Somebody opens a file for reading while it is open for writing, or mapped so: where that is somebody else's doing than its
   * writer's, what it holds now is what is read.
   */
  readMeanwhile({ path, execId }: { path: string; execId: string }): void {
    const change = this.#files.get(path)?.change
    if (change?.last === undefined || change.last.actor.execId === execId) return
    const exe = this.#parts.processes.exeOf(execId)
    read(change, exe.slice(exe.lastIndexOf('/') + 1))
    this.#reader.now(path, (content) => {
      const now = this.#files.get(path)?.change
      if (now?.last !== undefined && isNews(now, content)) this.#seen(path, now.last, content)
    })
  }

  #writerBefore(event: Event): string {
    if (event.kind !== 'file.write' && event.kind !== 'file.rename') return ''
    const path = event.kind === 'file.write' ? event.path : event.to
    return this.#files.get(path)?.writer?.exe ?? ''
  }

  /** Looks at what was changed a last time, and says what was not read. */
  async finish(): Promise<void> {
    this.#ended = true
    for (const [path, last] of this.#unsettled.all()) this.#look(path, last)
    this.startupFiles.finish()
    if (!(await this.#reader.settled()))
      this.#parts.gap('what some changed files hold could not be read in time')
    const { forgotten } = this.#files
    if (forgotten > 0)
      this.#parts.gap(
        `of ${forgotten} files of the workspace it was forgotten who wrote them: there were too many`,
      )
    if (this.#reader.skipped > 0)
      this.#parts.gap(
        `what ${this.#reader.skipped} files held after somebody had changed them was not read: there were too many at once`,
      )
  }

  close(): Promise<void> {
    return this.#reader.close()
  }

  /** Content comes to a path. */
  #put(event: FileEvent, path: string, way: Way | 'create'): void {
    const actor = this.#actor(event)
    if (!event.workspace || event.errno !== 0 || actor === undefined) return
    const known = this.#known(path)
    // Beside the workspace nobody has read what was there before the run.
    if (known === undefined && (way !== 'write' || !this.#isInside(path)))
      return this.#own(path, this.#files.add(path, actor))
    const entry = known ?? this.#before(path)
    const relation = relationOf(actor, entry.writer)
    const anew = entry.gone && relation === 'same-program'
    entry.gone = false
    if (relation === 'own' || anew) {
      entry.writer = actor
      entry.change = undefined
      this.#own(path, entry)
    } else {
      this.#foreign(path, entry, { event, actor, relation }, way === 'create' ? 'replace' : way)
    }
  }

  #isInside(path: string): boolean {
    const { workspace } = this.#parts
    return path.startsWith(workspace === '/' ? '/' : `${workspace}/`)
  }

  /** A path is no longer there. */
  #taken(event: FileEvent, path: string): void {
    const actor = this.#actor(event)
    const entry = this.#known(path)
    if (event.errno !== 0 || actor === undefined || entry === undefined) return
    const relation = relationOf(actor, entry.writer)
    if (relation === 'own') return this.#files.delete(path)
    entry.gone = true
    if (relation === 'same-program') return
    const { seq, time } = event
    act(this.#change(entry, time), { seq, time, way: 'remove', program: actor.exe })
  }

  #renamed(event: EventOf<'file.rename'>): void {
    const { path, to, link } = event
    if (event.errno !== 0) return
    if (link === 'symbolic') return this.#put(event, to, 'link')
    if (link === 'hard') return this.#linked(event)
    const moved = this.#known(path)
    if (this.#known(to) !== undefined) this.#put(event, to, 'replace')
    else if (moved !== undefined && event.workspace) this.#files.move(path, to)
    else this.#put(event, to, 'create')
    this.#taken(event, path)
    // The two may have changed places: then something is there still.
    const left = this.#files.get(path)
    const actor = this.#actor(event)
    if (left?.gone === true && actor !== undefined)
      this.#look(path, { event, actor, relation: relationOf(actor, left.writer) })
  }

  /** Another name of a file is the same file; where its path was another's before, that one is replaced. */
  #linked(event: EventOf<'file.rename'>): void {
    const entry = this.#known(event.path)
    if (entry === undefined || this.#known(event.to) !== undefined)
      return this.#put(event, event.to, 'link')
    this.#files.link(event.to, entry)
  }

  #change(entry: Entry, time: number): Change {
    entry.change ??= newChange(time, this.#files.heldAt(entry, time))
    return entry.change
  }

  #known(path: string): Entry | undefined {
    return this.#files.get(path) ?? (this.#walked.has(path) ? this.#before(path) : undefined)
  }

  #foreign(path: string, entry: Entry, last: Last, way: Way): void {
    const { event, actor } = last
    const { seq, time } = event
    const change = this.#change(entry, time)
    act(change, { seq, time, way, program: actor.exe })
    change.last = last
    this.#look(path, last)
  }

  /** Looks at a file that somebody else has changed; once at a time, and again if there were acts meanwhile. */
  #look(path: string, last: Last): void {
    const looks = this.#looking.has(path)
    this.#looking.set(path, last)
    if (!looks) this.#ask(path, last, 0)
  }

  /** A file that is being written holds what nobody meant: half of it, or nothing. It is read when it has been left alone. */
  #ask(path: string, last: Last, tries: number, acted = last.event.time): void {
    this.#reader.soon(path, acted, (content) => {
      const written = content.digest !== null && content.readMs - content.changedMs < settleMs
      if (written && tries < mostTries && !this.#ended)
        this.#ask(path, last, tries + 1, content.changedMs)
      else this.#looked(path, last, content)
    })
  }

  #looked(path: string, asked: Last, content: Content): void {
    const last = this.#looking.get(path) ?? asked
    this.#looking.delete(path)
    this.#seen(path, last, content)
    if (last !== asked && this.#files.get(path)?.change !== undefined) this.#look(path, last)
  }

  /** What a file holds now that somebody else has changed it. */
  #seen(path: string, last: Last, content: Content): void {
    const entry = this.#files.get(path)
    const change = entry?.change
    if (entry === undefined || change === undefined) return
    if (content.unread === 'gone') return
    const before = change.held.at(-1) ?? null
    const { fresh } = change
    const state = settle(change, content)
    // Looked at again, and nothing new; or a path that was taken away, and is there: the two have changed places.
    if (fresh === 0 && (state === 'unchanged' || state === 'unknown')) return
    entry.gone = false
    this.#unsettled.add(path, last)
    change.alongside ??= alongside(this.#parts.processes, last.actor.execId, change.since)
    if (last.relation === 'same-program' && state !== 'restored') return
    if (++change.told > toldPerFile) return
    this.#parts.emit(this.#body(path, entry.writer, change, last, { state, before, content }))
  }

  #body(
    path: string,
    writer: Writer | null,
    change: Change,
    { event, relation }: Last,
    seen: { state: ChangedBody['state']; before: string | null; content: Content },
  ): ChangedBody {
    const { time, execId, step, truth } = event
    return {
      kind: 'file.changed',
      time,
      execId,
      step,
      path,
      truth,
      state: seen.state,
      ways: [...change.ways],
      acts: change.acts,
      evidence: [...change.seqs],
      writer:
        writer === null
          ? null
          : {
              execId: writer.execId,
              exe: writer.exe,
              command: writer.command,
              step: writer.step,
            },
      relation: relation === 'own' ? 'same-program' : relation,
      content: {
        before: seen.before,
        after: seen.content.digest,
        unread: seen.content.unread,
      },
      dependency: packageOf(path, this.#parts.workspace),
      programs: [...change.programs],
      alongside: [...(change.alongside ?? [])],
      readers: [...change.readers],
    }
  }

  /** What its writer has written is read when it is left alone. */
  #own(path: string, entry: Entry): void {
    this.#files.rewritten(entry)
    if (entry.waits || path.includes('/.git/')) return
    entry.waits = true
    inTurn(quietMs, () => this.#remember(path, entry, 0))
  }

  #remember(path: string, entry: Entry, tries: number): void {
    this.#reader.later(path, (content) => {
      const { digest, changedMs, readMs } = content
      const quiet = readMs - changedMs >= quietMs / 2
      if (digest !== null && !quiet && tries < 5) {
        inTurn(quietMs << tries, () => this.#remember(path, entry, tries + 1))
        return
      }
      entry.waits = false
      if (digest === null) return
      this.#files.remember(entry, { digest, changedMs, readMs })
      const { change } = entry
      if (change?.held.length === 0) {
        const held = this.#files.heldAt(entry, change.since)
        if (held === null) return
        change.held.push(held.digest)
        change.changedMs = Math.min(change.changedMs, held.changedMs)
      }
    })
  }

  /** A file that was there before the run, as far as the kernel's acts go. */
  #before(path: string): Entry {
    const entry = this.#files.add(path, null)
    const digest = this.#walked.get(path)
    if (digest !== undefined)
      this.#files.remember(entry, { digest, changedMs: this.#began, readMs: 0 })
    return entry
  }

  #exited(execId: string | null): void {
    if (execId === null) return
    for (const [path, last] of this.#unsettled.of(execId)) this.#look(path, last)
  }

  /** Who acts, as a writer: files of one program share it. */
  #actor({ execId }: FileEvent): Writer | undefined {
    const process = execId === null ? undefined : this.#parts.processes.get(execId)
    if (process === undefined) return undefined
    const last = this.#writer
    if (last?.execId === execId && last.exe === process.exe && last.step === process.step)
      return last
    this.#writer = writerOf(process)
    return this.#writer
  }
}
