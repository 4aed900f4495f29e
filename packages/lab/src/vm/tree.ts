import { lstatSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { VmError } from './error.ts'

/** Something to be put into the guest. */
export type VmFile =
  /** A file or whole folder of this machine, at the same path in the guest. */
  | string
  /** A file or whole folder of this machine, at another path; what `made` gives stands for a file's own content. */
  | {
      path: string
      from: string
      skip?: (path: string) => boolean
      made?: (path: string) => Uint8Array | undefined
    }
  | { path: string; content: string | Uint8Array; mode?: number }
  | { path: string; link: string }

type Copy = Extract<VmFile, { from: string }>

/** `changed`: when, in seconds; what Python has compiled is bound to it. */
export type Entry =
  | { kind: 'folder' }
  | { kind: 'file'; content: Uint8Array | { from: string }; mode: number; changed?: number }
  | { kind: 'link'; target: string }

const usrMerged = /^\/(bin|sbin|lib|lib64)(?=\/|$)/

/** The guest's file tree, by absolute path; parents come before what they hold. */
export class Tree {
  readonly entries = new Map<string, Entry>()

  constructor() {
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
      this.folder(`/usr/${name}`)
      this.entries.set(`/${name}`, { kind: 'link', target: `usr/${name}` })
    }
  }

  folder(path: string): void {
    this.#set(path, { kind: 'folder' })
  }

  add(file: VmFile): void {
    if (typeof file === 'string') {
      // A link is followed and kept: programs find their files beside the real one.
      const real = realOf(file)
      this.#copy(real, real, {})
      if (real !== file && merged(file) !== merged(real))
        this.#set(file, { kind: 'link', target: real })
    } else if ('from' in file) {
      this.#copy(realOf(file.from), file.path, file)
    } else if ('link' in file) {
      this.#set(file.path, { kind: 'link', target: file.link })
    } else {
      const content = typeof file.content === 'string' ? Buffer.from(file.content) : file.content
      this.#set(file.path, { kind: 'file', content, mode: file.mode ?? 0o644 })
    }
  }

  #copy(from: string, path: string, how: Pick<Copy, 'skip' | 'made'>): void {
    if (how.skip?.(from) === true) return
    const stat = lstatSync(from)
    if (stat.isDirectory()) {
      this.#set(path, { kind: 'folder' })
      for (const name of readdirSync(from)) this.#copy(`${from}/${name}`, `${path}/${name}`, how)
    } else if (stat.isSymbolicLink()) {
      this.#set(path, { kind: 'link', target: readlinkSync(from) })
    } else if (stat.isFile()) {
      const content = how.made?.(from) ?? { from }
      const changed = Math.floor(stat.mtimeMs / 1000)
      this.#set(path, { kind: 'file', content, mode: stat.mode & 0o7777, changed })
    }
  }

  #set(path: string, entry: Entry): void {
    const place = merged(path)
    this.#folders(place)
    this.entries.set(place, entry)
  }

  #folders(path: string): void {
    for (let end = path.indexOf('/', 1); end > 0; end = path.indexOf('/', end + 1)) {
      const folder = path.slice(0, end)
      if (!this.entries.has(folder)) this.entries.set(folder, { kind: 'folder' })
    }
  }
}

/** Where a path lies in a guest whose /bin, /sbin and /lib are links into /usr. */
function merged(path: string): string {
  return path.replace(usrMerged, '/usr/$1')
}

function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new VmError('VM_FILE_MISSING', `${path}, which the VM needs, is not on this machine`, {
      cause,
    })
  }
}

/** The bytes of a file of the tree. */
export function contentOf(entry: Extract<Entry, { kind: 'file' }>): Uint8Array {
  return entry.content instanceof Uint8Array ? entry.content : readFileSync(entry.content.from)
}
