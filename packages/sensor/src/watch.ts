import { closeSync, openSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NAME_KEPT, watch_bits, watch_key } from './layout.ts'
import type { SensitivePlace } from './sensitive.ts'

/** Opens without touching: no permission of the file is needed, no device is woken. */
const O_PATH = 0o10000000
const O_CLOEXEC = 0o2000000

/** A file as the kernel's objects name it: superblock device and inode number. */
export interface KernelIdentity {
  /** The kernel's dev_t: major << 20 | minor. */
  device: number
  inode: bigint
}

/**
 * What `stat` would say, but as the kernel's own objects have it: on btrfs and overlayfs the two
 * differ. From /proc/self/fdinfo (`ino`, Linux 5.14) and the mount's device; null: no such file.
 */
export function kernelIdentity(path: string, mounts: Map<string, number>): KernelIdentity | null {
  let fd
  try {
    fd = openSync(path, O_PATH | O_CLOEXEC)
  } catch {
    return null
  }
  try {
    const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
    const device = mounts.get(/^mnt_id:\s*(\d+)/m.exec(info)?.[1] ?? '')
    const inode = /^ino:\s*(\d+)/m.exec(info)?.[1]
    if (device !== undefined && inode !== undefined) return { device, inode: BigInt(inode) }
    const stat = statSync(path, { bigint: true })
    // User space's dev_t: 12 bits of major from bit 8, minor around it.
    const major = Number((stat.dev >> 8n) & 0xfffn)
    const minor = Number((stat.dev & 0xffn) | ((stat.dev >> 12n) & 0xfff00n))
    return { device: major * 2 ** 20 + minor, inode: stat.ino }
  } catch {
    return null
  } finally {
    closeSync(fd)
  }
}

/** Devices of the mounts that this process sees, by mount id. */
export function mountDevices(): Map<string, number> {
  const mounts = new Map<string, number>()
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [id, , device] = line.split(' ', 3)
    const [major, minor] = (device ?? '').split(':')
    if (id !== undefined && minor !== undefined) {
      mounts.set(id, Number(major) * 2 ** 20 + Number(minor))
    }
  }
  return mounts
}

interface Rule {
  /** Place in the list: the first that matches gives the class. */
  order: number
  pattern: RegExp
  class: string
  on: 'read' | 'write'
}

const INODES_OF_A_DIRECTORY = 256

/** device_of of bpf/include/watch.h: what counts as one device, however often it is mounted. */
const mountedAnew = [
  ['/proc', 0xffffffff],
  ['/sys', 0xfffffffe],
] as const

/** What the kernel side preselects, and the last word over what it told. */
export class Watch {
  /** Keys and values of the maps `watched` and `watched_names`. */
  readonly inodes: [key: Uint8Array, value: Uint8Array][] = []
  readonly names: [key: Uint8Array, value: Uint8Array][] = []
  /** The filters before the maps: variables watched_inodes, watched_folders and watched_hashes. */
  readonly inodeBits = new BigUint64Array(64)
  readonly folderBits = new BigUint64Array(64)
  readonly nameBits = new BigUint64Array(64)

  readonly #roots: readonly string[]
  // By what the kernel side preselects by, so that a path is held against the few rules that it can match.
  readonly #rulesOfLeaf = new Map<string, Rule[]>()
  readonly #rulesOfDirectory = new Map<string, Rule[]>()
  readonly #rulesBelow: (Rule & { above: string })[] = []
  /** Folders that the files of `**` places are in, by their last name: who renames one hides what is in it. */
  readonly #rulesOfFolder = new Map<string, Rule[]>()
  readonly #pathOfDirectory = new Map<string, string>()
  readonly #bitsOfInode = new Map<string, number>()
  readonly #bitsOfName = new Map<string, number>()
  readonly #classOfInode = new Map<string, string>()
  readonly #mounts = mountDevices()
  readonly #devices = new Map<number, number>()

  /**
   * @param roots real paths of the workspace, and of what else is watched as it is; none: changes are told of sensitive
   * places alone
   * @param homes home directories whose sensitive files are known by their inode, too
   */
  constructor(
    roots: readonly string[],
    places: readonly SensitivePlace[],
    homes: readonly string[],
  ) {
    this.#roots = roots
    // Whoever mounts /proc and /sys anew has them at another path, with other inodes but for the topmost.
    for (const [top, device] of mountedAnew) {
      const identity = kernelIdentity(top, this.#mounts)
      if (identity) this.#devices.set(identity.device, device)
      this.#addDirectory(top, watch_bits.WATCH_BELOW)
    }
    for (const root of roots) this.#addDirectory(root, watch_bits.WATCH_WORKSPACE)
    for (const [order, place] of places.entries()) this.#add(place, order, homes)
    for (const [key, bits] of this.#bitsOfInode) this.inodes.push([inodeKey(key), word(bits)])
    for (const [name, bits] of this.#bitsOfName) this.names.push([nameKey(name), word(bits)])
  }

  /** Whether there is a workspace at all. */
  get hasWorkspace(): boolean {
    return this.#roots.length > 0
  }

  inWorkspace(path: string): boolean {
    return this.#roots.some(
      (root) => path.startsWith(root) && (path.length === root.length || path[root.length] === '/'),
    )
  }

  /** Class of the place; null: it is not sensitive for this kind of access. */
  classify(path: string, writing: boolean): string | null {
    const slash = path.lastIndexOf('/')
    const directory = path.slice(path.lastIndexOf('/', slash - 1) + 1, slash)
    let first: Rule | undefined
    const hold = (rules: readonly Rule[] | undefined): void => {
      for (const rule of rules ?? []) {
        if (first && first.order < rule.order) continue
        if ((writing || rule.on === 'read') && rule.pattern.test(path)) first = rule
      }
    }
    hold(this.#rulesOfLeaf.get(path.slice(slash + 1)))
    hold(this.#rulesOfDirectory.get(directory))
    for (const rule of this.#rulesBelow) if (path.startsWith(rule.above)) hold([rule])
    return first?.class ?? null
  }

  /** Class of what is in a folder that gets this name, or had it; null: nothing sensitive is known by it. */
  classOfFolder(path: string): string | null {
    const rules = this.#rulesOfFolder.get(path.slice(path.lastIndexOf('/') + 1))
    return rules?.find(({ pattern }) => pattern.test(path))?.class ?? null
  }

  /** `path` below a directory that the kernel side named by its inode; 0: it named none. */
  below(device: number, directory: number, path: string): string {
    if (directory === 0) return path
    const above = this.#pathOfDirectory.get(`${device}:${directory}`) ?? ''
    return above === '/' ? path : path === '/' ? above : above + path
  }

  /** Class of a file that was there when the sensor started, whatever its name is now. */
  classOfInode(device: number, inode: number): string | null {
    return this.#classOfInode.get(`${device}:${inode}`) ?? null
  }

  #add({ place, class: name, on }: SensitivePlace, order: number, homes: readonly string[]): void {
    const rule: Rule = { order, pattern: patternOf(place), class: name, on }
    const parts = place.split('/')
    const last = parts.at(-1) as string
    const directory = parts.at(-2) ?? ''
    const reads = on === 'read'
    if (last === '**') {
      const above = parts.slice(0, -1).join('/')
      this.#addDirectory(above, watch_bits.WATCH_BELOW)
      this.#rulesBelow.push({ ...rule, above: `${above}/` })
      return
    }
    if (last === '*') {
      listOf(this.#rulesOfDirectory, directory).push(rule)
      this.#addName(directory, reads ? watch_bits.WATCH_DIR_READ : watch_bits.WATCH_DIR_WRITE)
    } else {
      listOf(this.#rulesOfLeaf, last).push(rule)
      this.#addName(last, reads ? watch_bits.WATCH_LEAF_READ : watch_bits.WATCH_LEAF_WRITE)
    }
    if (place.startsWith('**/')) this.#addFolders(rule, parts.slice(1, -1))
    // Processes' files are as many as processes, and named by them.
    if (place.startsWith('/proc/')) return
    const roots = place.startsWith('**/') ? homes : ['/']
    const below = place.startsWith('**/') ? place.slice(3) : place.slice(1)
    if (below.includes('**')) return
    const inside =
      last !== '*'
        ? watch_bits.WATCH_PLACE
        : reads
          ? watch_bits.WATCH_DIR_READ
          : watch_bits.WATCH_DIR_WRITE
    for (const root of roots) {
      this.#addDirectory(dirname(join(root, below)), inside)
      if (!reads) continue
      for (const file of filesOf(join(root, below)))
        this.#addInode(file, watch_bits.WATCH_FILE, name)
    }
  }

  /** Folders of a place that may be anywhere, each with those that it is in. */
  #addFolders(rule: Rule, names: readonly string[]): void {
    for (const [i, name] of names.entries()) {
      const pattern = patternOf(['**', ...names.slice(0, i + 1)].join('/'))
      listOf(this.#rulesOfFolder, name).push({ ...rule, pattern })
      this.#addName(name, watch_bits.WATCH_LEAF_WRITE)
    }
  }

  /** A directory, what is in it being told by this path whatever it is mounted or called later. */
  #addDirectory(path: string, bits: number): void {
    const key = this.#addInode(path, bits, null)
    if (key !== null) this.#pathOfDirectory.set(key, path)
  }

  #addInode(path: string, bits: number, name: string | null): string | null {
    const identity = kernelIdentity(path, this.#mounts)
    if (!identity) return null
    const { inode } = identity
    const device = this.#devices.get(identity.device) ?? identity.device
    const key = `${device}:${inode}`
    this.#bitsOfInode.set(key, (this.#bitsOfInode.get(key) ?? 0) | bits)
    const i = Number((inode >> 6n) & 63n)
    this.inodeBits[i] = (this.inodeBits[i] as bigint) | (1n << (inode & 63n))
    if (bits & watch_bits.WATCH_DIR_READ)
      this.folderBits[i] = (this.folderBits[i] as bigint) | (1n << (inode & 63n))
    if (name !== null) this.#classOfInode.set(key, name)
    return key
  }

  #addName(name: string, bits: number): void {
    this.#bitsOfName.set(name, (this.#bitsOfName.get(name) ?? 0) | bits)
    const hash = hashName(Buffer.from(name))
    this.nameBits[hash >> 6] = (this.nameBits[hash >> 6] as bigint) | (1n << BigInt(hash & 63))
  }
}

/** hash_name of bpf/include/watch.h: of the first 8 bytes and the length, 12 bits. */
export function hashName(name: Buffer): number {
  const word = Buffer.alloc(8)
  name.copy(word, 0, 0, 8)
  const mixed = (word.readBigUInt64LE() + BigInt(name.length)) * 0x9e3779b97f4a7c15n
  return Number((mixed >> 52n) & 0xfffn)
}

function listOf(lists: Map<string, Rule[]>, key: string): Rule[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

/** Files that a place without `**` stands for now: itself, or what its directory holds. */
function filesOf(path: string): string[] {
  if (!path.endsWith('/*')) return path.includes('*') ? [] : [path]
  const directory = path.slice(0, -2)
  try {
    return readdirSync(directory)
      .slice(0, INODES_OF_A_DIRECTORY)
      .map((name) => join(directory, name))
  } catch {
    return []
  }
}

/** The place as a pattern for whole paths. */
export function patternOf(place: string): RegExp {
  const source = place
    .split('/')
    .map((part) =>
      part === '**' ? '**' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*'),
    )
    .join('/')
    .replace(/^\*\*\//, '(?:/.*)?/')
    .replaceAll('/**/', '/(?:.*/)?')
    .replace(/\/\*\*$/, '/.*')
  return new RegExp(`^${source}$`, 's')
}

function inodeKey(key: string): Uint8Array {
  const [device, inode] = key.split(':') as [string, string]
  const bytes = Buffer.alloc(16)
  bytes.writeUInt32LE(Number(device), watch_key.device)
  bytes.writeBigUInt64LE(BigInt(inode), watch_key.inode)
  return bytes
}

function nameKey(name: string): Uint8Array {
  const bytes = Buffer.alloc(NAME_KEPT + 1)
  Buffer.from(name).copy(bytes, 0, 0, NAME_KEPT)
  return bytes
}

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
