import { type BigIntStats, closeSync, existsSync, type FSWatcher, fstatSync, watch } from 'node:fs'
import { type BpfObject, closeUprobes, type Uprobes } from '@runwarden/libbpf'
import type { TlsLibrary } from './chunk.ts'
import { planProbes, type ProbePlan } from './probes.ts'
import { UnreadableFile } from './window.ts'

/** Numbers of files in the kernel's map. */
export const NOT_TLS = 1
const FIRST_NUMBER = 2

/** A probe is a descriptor, and a file has up to some 30: a job that makes programs without end is bounded here. */
const MOST_FILES = 512

/**
 * Looking at files may take this much of the agent's processor time: who is watched makes them, as many and as large as it likes.
 * What is not looked at for that is told, and looked at when it is next run.
 */
const LOOKING_MS = 1000
const WINDOW_MS = 10_000

export interface ProbedFile {
  number: number
  library: TlsLibrary
  /** As the process knows it that was seen with it first. */
  path: string
  /** ms since the epoch. */
  since: number
}

interface Held extends ProbedFile {
  fd: number
  stat: BigIntStats
  uprobes: Uprobes[]
  watcher: FSWatcher
  users: Set<number>
}

/**
 * Files with probes on them, each once. The kernel keeps a probed file's blocks and its number: what was deleted is let go when
 * nobody runs it any more. Who writes into one gets it back without probes at once, for they would be in the middle of
 * other instructions.
 */
export class ProbedFiles {
  readonly #object: BpfObject
  readonly #byInode = new Map<string, Held>()
  readonly #byNumber = new Map<number, Held>()
  readonly #onRefused: (path: string, reason: string) => void
  #next = FIRST_NUMBER
  #windowEnd = 0
  #spentMs = 0
  /** Of the window. */
  #toldSpent = false

  /** @param onRefused a file that has TLS, or may have it, and is not seen */
  constructor(object: BpfObject, onRefused: (path: string, reason: string) => void) {
    this.#object = object
    this.#onRefused = onRefused
  }

  get(number: number): ProbedFile | undefined {
    return this.#byNumber.get(number)
  }

  /** A process that runs the file's code. */
  use(number: number, pid: number): void {
    this.#byNumber.get(number)?.users.add(pid)
  }

  /** What is probed now. */
  list(): ProbedFile[] {
    return [...this.#byNumber.values()].map(({ number, library, path, since }) => ({
      number,
      library,
      path,
      since,
    }))
  }

  /**
   * Looks at a file, and puts probes on it where it has TLS. Takes the descriptor over.
   * @returns its number; NOT_TLS: nothing to be seen there; 0: it could not be looked at now
   */
  examine(fd: number, path: string): number {
    const now = performance.now()
    if (now > this.#windowEnd) {
      this.#windowEnd = now + WINDOW_MS
      this.#spentMs = 0
      this.#toldSpent = false
    }
    if (this.#spentMs > LOOKING_MS) {
      closeSync(fd)
      if (!this.#toldSpent)
        this.#onRefused(
          path,
          `files were looked at for ${LOOKING_MS} ms within ${WINDOW_MS} ms already; it is looked at when it is next run, as are those that came after it in that time`,
        )
      this.#toldSpent = true
      return 0
    }
    const before = process.threadCpuUsage()
    const number = this.#examine(fd, path)
    const { user, system } = process.threadCpuUsage(before)
    this.#spentMs += (user + system) / 1000
    return number
  }

  #examine(fd: number, path: string): number {
    let held = false
    try {
      const stat = fstatSync(fd, { bigint: true })
      if (!stat.isFile()) return NOT_TLS
      const known = this.#byInode.get(keyOf(stat))
      if (known && isSame(known.stat, stat)) return known.number
      if (known) this.#release(known)
      const plan = planProbes(fd)
      if (!plan) return NOT_TLS
      if (this.#byNumber.size >= MOST_FILES)
        throw new UnreadableFile(`${MOST_FILES} files are probed already`)
      const uprobes = this.#attach(fd, plan)
      try {
        const number = this.#hold({ fd, path, stat, uprobes, library: plan.library })
        held = true
        return number
      } catch (error) {
        closeUprobes(uprobes)
        throw error
      }
    } catch (error) {
      // Unreadable, refused by the kernel, or the file system's own trouble.
      if (!(error instanceof UnreadableFile) && !(error instanceof Error && 'code' in error))
        throw error
      this.#onRefused(path, error.message)
      return NOT_TLS
    } finally {
      if (!held) closeSync(fd)
    }
  }

  #attach(fd: number, plan: ProbePlan): Uprobes[] {
    const uprobes: Uprobes[] = []
    try {
      for (const { program, returns, places } of plan.probes)
        uprobes.push(
          this.#object.attachUprobes(program, `/proc/self/fd/${fd}`, {
            offsets: BigUint64Array.from(places, ({ offset }) => BigInt(offset)),
            cookies: BigUint64Array.from(places, ({ cookie }) => BigInt(cookie)),
            returns,
          }),
        )
    } catch (error) {
      closeUprobes(uprobes)
      throw error
    }
    return uprobes
  }

  #hold(file: Pick<Held, 'fd' | 'path' | 'stat' | 'uprobes' | 'library'>): number {
    const number = this.#next++
    const watcher = watch(`/proc/self/fd/${file.fd}`, { persistent: false }, () =>
      this.#look(number),
    )
    watcher.on('error', () => {})
    const held = {
      ...file,
      number,
      watcher,
      users: new Set<number>(),
      since: performance.timeOrigin + performance.now(),
    }
    this.#byInode.set(keyOf(file.stat), held)
    this.#byNumber.set(number, held)
    return number
  }

  #look(number: number): void {
    const file = this.#byNumber.get(number)
    if (!file) return
    const stat = fstatSync(file.fd, { bigint: true })
    if (!isSame(file.stat, stat)) this.#release(file)
  }

  /** Lets go what was deleted and has no user. Cheap: to be called now and then. */
  sweep(): void {
    for (const file of this.#byNumber.values()) {
      for (const pid of file.users) if (!existsSync(`/proc/${pid}`)) file.users.delete(pid)
      if (file.users.size === 0 && fstatSync(file.fd).nlink === 0) this.#release(file)
    }
  }

  #release(...files: Held[]): void {
    closeUprobes(files.flatMap((file) => file.uprobes))
    for (const file of files) {
      file.watcher.close()
      closeSync(file.fd)
      this.#byNumber.delete(file.number)
      this.#byInode.delete(keyOf(file.stat))
    }
  }

  close(): void {
    this.#release(...this.#byNumber.values())
  }
}

function keyOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

/** The content has not been written to: other names and other rights do not matter. */
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs
}
