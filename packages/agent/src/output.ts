import {
  closeSync,
  constants,
  existsSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { errnoOf, messageOf } from './errors.ts'

/**
 * Makes a folder and those above it that are missing. node's own way to do so never returns where a file system says
 * ENOENT to whoever makes a folder (/proc).
 * @returns those that were missing, the outermost first
 * @throws the system's error
 */
export function makeFolders(path: string): string[] {
  try {
    mkdirSync(path, { mode: 0o755 })
    return [path]
  } catch (error) {
    const above = dirname(path)
    if (errnoOf(error) === 'ENOENT' && above !== path && !existsSync(above)) {
      const made = makeFolders(above)
      mkdirSync(path, { mode: 0o755 })
      return [...made, path]
    }
    if (errnoOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error
    return []
  }
}

const directory = constants.O_RDONLY | constants.O_DIRECTORY

/** By the numbers of the system. */
interface Account {
  uid: number
  gid: number
}

/**
 * The folder that a run's files go to. It is opened once, before the command runs, and reached by
 * that handle ever after; its files are made anew and never through links: a job that can write
 * there may put a link in the place of a file, and must not have root write where it points.
 */
export class OutputFolder {
  readonly path: string
  private readonly fd: number
  /** Folders and files that were made for it, the outermost first. */
  private readonly made: readonly string[]
  private readonly owner: Account | undefined

  private constructor(
    path: string,
    fd: number,
    made: readonly string[],
    owner: Account | undefined,
  ) {
    this.path = path
    this.fd = fd
    this.made = made
    this.owner = owner
  }

  /**
   * The folder itself must not be a link: an earlier job may have planted it.
   * @param made what the caller has made for it already, the outermost first
   * @param owner whose the folder is to be at its end, see `give`
   * @throws the system's error when the folder can't be made or opened
   */
  static open(path: string, made: readonly string[] = [], owner?: Account): OutputFolder {
    const folders = makeFolders(path)
    return new OutputFolder(
      path,
      openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
      [...made, ...folders],
      owner,
    )
  }

  /** Makes a file, in the place of whatever has its name, and opens it for writing. */
  create(name: string): number {
    const path = `/proc/self/fd/${this.fd}/${name}`
    for (let attempt = 1; ; attempt++) {
      try {
        unlinkSync(path)
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error
      }
      try {
        return openSync(
          path,
          constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
          0o644,
        )
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST' || attempt === 100) throw error
      }
    }
  }

  /** Writes a file from its parts, all of it or nothing: half a report would be taken for one. */
  write(name: string, parts: Iterable<string>): void {
    // Also when this process is killed in the middle of it.
    const unfinished = `${name}.part`
    const fd = this.create(unfinished)
    try {
      for (const part of parts) writeAll(fd, Buffer.from(part))
      this.rename(unfinished, name)
    } catch (error) {
      for (const left of [unfinished, name])
        rmSync(`/proc/self/fd/${this.fd}/${left}`, { force: true })
      throw error
    } finally {
      closeSync(fd)
    }
  }

  /** Gives a file another name of the folder, in the place of what has that name. */
  rename(from: string, to: string): void {
    renameSync(`/proc/self/fd/${this.fd}/${from}`, `/proc/self/fd/${this.fd}/${to}`)
  }

  /** Whether a file of the folder is still the one that was opened here. */
  holds(name: string, fd: number): boolean {
    const opened = fstatSync(fd)
    try {
      const named = lstatSync(`/proc/self/fd/${this.fd}/${name}`)
      return named.ino === opened.ino && named.dev === opened.dev
    } catch {
      return false
    }
  }

  /** What a file of the folder holds, and nothing through a link. @throws the system's error, Error where it is no file */
  read(name: string): Buffer {
    const fd = openSync(
      `/proc/self/fd/${this.fd}/${name}`,
      // A pipe that nobody writes to would never be open.
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    try {
      if (!fstatSync(fd).isFile()) throw new Error(`${name} is no file`)
      return readFileSync(fd)
    } finally {
      closeSync(fd)
    }
  }

  /** What lies in it. */
  names(): string[] {
    return readdirSync(`/proc/self/fd/${this.fd}`)
  }

  /** Takes a file away, if it is there. */
  remove(name: string): void {
    rmSync(`/proc/self/fd/${this.fd}/${name}`, { force: true })
  }

  close(): void {
    try {
      if (this.owner !== undefined) this.give(this.owner)
    } finally {
      closeSync(this.fd)
    }
  }

  /**
   * Folders that were made in an account's own one become its own, so that whoever cleans up as that account can: it can have
   * others in their place anyway. Elsewhere, and what was there before, stays as it is; so do the files, which it can remove then. By
   * handles alone, from the inside out: what was made lies in root's folders, and is not moved.
   */
  private give({ uid, gid }: Account): void {
    const own = resolve(this.path)
    const isAround = (path: string): boolean => own === path || own.startsWith(`${path}/`)
    const count = this.made.filter((path) => isAround(resolve(path))).length
    const folders = [openSync(`/proc/self/fd/${this.fd}`, directory)]
    try {
      for (let at = 0; at < count; at++)
        folders.push(openSync(`/proc/self/fd/${folders[at]}/..`, directory))
      const [around, ...made] = folders.toReversed()
      if (around === undefined || fstatSync(around).uid !== uid) return
      if (made.every((folder) => fstatSync(folder).uid === process.getuid?.()))
        for (const folder of made) fchownSync(folder, uid, gid)
    } catch {
      // A file system that knows no owners, or not root.
    } finally {
      for (const folder of folders) closeSync(folder)
    }
  }

  /** Closes it; an empty file of this name is taken away, and then what was made for the folder, as far as it holds nothing else. */
  discard(name: string): void {
    const file = `/proc/self/fd/${this.fd}/${name}`
    try {
      if (lstatSync(file).size > 0) return
      unlinkSync(file)
      for (const path of this.made.toReversed()) {
        if (lstatSync(path).isDirectory()) rmdirSync(path)
        else if (readdirSync(dirname(path)).length === 1) unlinkSync(path)
        else return
      }
    } catch {
      // Somebody else has put something there: it stays, and all above it.
    } finally {
      this.close()
    }
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
}

const flushBytes = 64 * 1024
/** Of one UTF-16 unit as UTF-8. */
const mostBytes = 3

/**
 * events.ndjson: gathers lines and writes them in blocks. When a write fails (the disk is full),
 * what was not written is counted, nothing is tried again before the run's end, and the job goes on.
 */
export class EventFile {
  private readonly fd: number
  /** Lines that wait to be written: as bytes at once, since texts that wait would be moved by each collection of garbage. */
  private readonly waiting = Buffer.allocUnsafeSlow(flushBytes)
  private used = 0
  private lines = 0
  /** Events that could not be written. */
  lost = 0
  /** Why; empty while all went well. */
  failure = ''
  /** Bytes in the file. */
  private size = 0
  private readonly onFailure: ((failure: string) => void) | undefined

  /** @param onFailure told at once when events can't be written any more. */
  constructor(fd: number, onFailure?: (failure: string) => void) {
    this.fd = fd
    this.onFailure = onFailure
  }

  /** Bytes in the file, and of lines that wait to be written, as far as they are known. */
  get bytes(): number {
    return this.size + this.used
  }

  add(line: string): void {
    const most = line.length * mostBytes + 1
    if (most > flushBytes - this.used) this.flush()
    if (this.failure !== '') {
      this.lost++
      return
    }
    if (most > flushBytes) return this.write(Buffer.from(`${line}\n`), 1)
    this.used += this.waiting.write(line, this.used, 'utf8')
    this.waiting[this.used++] = 0x0a
    this.lines++
  }

  flush(): void {
    if (this.used > 0) this.write(this.waiting.subarray(0, this.used), this.lines)
    this.used = 0
    this.lines = 0
  }

  private write(bytes: Buffer, lines: number): void {
    if (this.failure !== '') {
      this.lost += lines
      return
    }
    let at = 0
    try {
      while (at < bytes.length) at += writeSync(this.fd, bytes, at)
    } catch (error) {
      this.failure = messageOf(error)
      this.lost += lines - this.keepWholeLines(bytes.subarray(0, at))
      this.onFailure?.(this.failure)
    }
    this.size += at
  }

  /** Takes a line that was written in part away again. @returns lines that stay. */
  private keepWholeLines(written: Buffer): number {
    const end = written.lastIndexOf(10) + 1
    try {
      ftruncateSync(this.fd, this.size + end)
    } catch {
      // Then the last line is half a line.
    }
    return written.subarray(0, end).reduce((lines, byte) => lines + (byte === 10 ? 1 : 0), 0)
  }

  /** What somebody else did to the file in its folder, as far as it shows; empty: nothing. */
  tampering(folder: OutputFolder, name: string): string {
    this.flush()
    const { size } = fstatSync(this.fd)
    if (!folder.holds(name, this.fd)) return `${name} was removed or replaced`
    return size === this.size ? '' : `${name} has ${size} bytes, and ${this.size} were written`
  }

  close(): void {
    this.flush()
    closeSync(this.fd)
  }
}
