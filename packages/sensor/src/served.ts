import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statfsSync,
} from 'node:fs'
import { keptStat, openEntry, openKnownPath } from '@runwarden/libbpf'

/**
 * Files whose reader may wait for ever: the job's own processes can serve a file system (FUSE), or root of it mount one over the network
 * that a process of its own serves. Whoever watches the job must not wait for it: here files are found and known by what the kernel has,
 * and opened only when nobody answers for them.
 */

/** enum served of bpf/include/served.h */
const served = {
  SERVED_BY_PROCESS: 1,
  SERVED_BY_NETWORK: 2,
} as const

const { O_NOCTTY, O_NONBLOCK, O_RDONLY } = constants
/** Opens without touching: the file system is not asked. */
const O_PATH = 0o10000000

/** Of statfs(2). */
const PROC_MAGIC = 0x9fa0

/** As the kernel's. */
const MOST_LINKS = 40

const byProcess = /^(?:fuse|fuseblk|fuse\..*)$/
const byNetwork = /^(?:nfs4?|9p|cifs|smb3|ceph|afs|coda)$/

interface MountedFile {
  id: string
  device: string
  type: string
}

/** `major:minor`: those that were there before any job are the machine's own. */
const machines = new Set(
  mountsOf('self').flatMap(({ device, type }) => (byProcess.test(type) ? [] : [device])),
)

/** Whether it is on a disk of the machine's. A number without a disk (0:N) goes to whatever is mounted next when its mount has ended. */
function isMachineDisk(device: string): boolean {
  return machines.has(device) && !device.startsWith('0:')
}

/** @param by enum served, as the kernel side tells it @param device `major:minor` */
export function mayNeverAnswer(by: number, device: string): boolean {
  return (
    by === served.SERVED_BY_PROCESS || (by === served.SERVED_BY_NETWORK && !machines.has(device))
  )
}

/** The regular file that a link of /proc leads to, and that nobody serves. */
export interface ProcessFile {
  pid: number
  /** Below /proc/PID. */
  link: string
  /** `major:minor` of the file that the kernel has told to be served by nobody; otherwise its mount says so. */
  device?: string | undefined
}

/**
 * @returns a descriptor, which the caller closes; undefined: it is no file, or one that may never answer
 * @throws Error of the system when the process has gone
 */
export function openProcessFile({ pid, link, device }: ProcessFile): number | undefined {
  const mounts = { pid, overlays: true }
  return reopened(openSync(`/proc/${pid}/${link}`, O_PATH), mounts, device)
}

export interface NamedFile {
  /** Absolute. */
  path: string
  /** Whose mount namespace it is in; by default this process's own. */
  pid?: number | undefined
  /** The same of a process that may have ended since: descriptors of its /proc/PID/root, opened without touching, and mountinfo. */
  root?: number | undefined
  mounts?: number | undefined
  /** As of ProcessFile. */
  device?: string | undefined
  /** An overlay that a job has made is taken, too: what is below it is not known. */
  overlays?: boolean
  /** Where it is a link, what that leads to. */
  follow?: boolean
}

/**
 * Opens a regular file by its path.
 * @returns a descriptor, which the caller closes; undefined: it is no file, or one that may never answer
 * @throws Error of the system when there is none, when it is a link (ELOOP), or when nobody may answer on the way to it (EIO)
 */
export function openNamedFile(file: NamedFile): number | undefined {
  const { pid, root } = file
  if (root !== undefined) return openBelow(root, file)
  const folder = openSync(pid === undefined ? '/' : `/proc/${pid}/root`, O_PATH)
  try {
    return openBelow(folder, file)
  } finally {
    closeSync(folder)
  }
}

function openBelow(
  root: number,
  { path, pid, mounts: list, device, overlays = device !== undefined, follow = false }: NamedFile,
): number | undefined {
  const mounts = { pid, mounts: list, overlays, follow }
  const found = openKnownPath({ path, below: root, follow })
  const named = found === 'EAGAIN' ? walkPath(root, path, mounts) : found
  if (typeof named === 'number') return reopened(named, mounts, device)
  throw Object.assign(new Error(`${path}: ${named}`), { code: named })
}

/**
 * Finds a file name by name, where the kernel does not know the way: each folder is one that nobody serves before it is looked into. The
 * kernel itself follows no link without asking whose time of access changes by that.
 * @param root a descriptor, of a folder
 * @returns a descriptor, which the caller closes; or the error's code: EIO when nobody may answer on the way
 */
export function walkPath(
  root: number,
  path: string,
  mounts: Mounts & { follow: boolean },
): number | string {
  let names = namesOf(path)
  for (let links = 0; links < MOST_LINKS; links++) {
    const found = walkTo(root, names, mounts)
    if (typeof found !== 'object') return found
    names = found
  }
  return 'ELOOP'
}

const namesOf = (path: string): string[] =>
  path.split('/').filter((name) => name !== '' && name !== '.')

/** @returns a descriptor, or the error's code; or the names of where a link, or a parent, leads to: no link is among those in front */
function walkTo(
  root: number,
  names: readonly string[],
  mounts: Mounts & { follow: boolean },
): number | string | string[] {
  let at = root
  for (const [index, name] of names.entries()) {
    if (name === '..') {
      if (at !== root) closeSync(at)
      return names.toSpliced(Math.max(0, index - 1), index === 0 ? 1 : 2)
    }
    const below = isAnswered(at, mounts) ? openEntry(at, name) : 'EIO'
    const isLink = typeof below === 'number' && mounts.follow && keptStat(below)?.type === 'link'
    // Only the folder's own file system is asked. What links of /proc lead to is each process's own.
    const isMagic = isLink && statfsSync(`/proc/self/fd/${at}`).type === PROC_MAGIC
    const target = isLink && !isMagic ? readlinkSync(`/proc/self/fd/${at}/${name}`) : undefined
    if (at !== root) closeSync(at)
    if (typeof below === 'string') return below
    if (isMagic) {
      closeSync(below)
      return 'ELOOP'
    }
    at = below
    if (target === undefined) continue
    closeSync(at)
    const before = target.startsWith('/') ? [] : names.slice(0, index)
    return [...before, ...namesOf(target), ...names.slice(index + 1)]
  }
  return at
}

/** Takes the descriptor over. */
function reopened(named: number, mounts: Mounts, device?: string): number | undefined {
  try {
    const stat = keptStat(named)
    if (stat?.type === 'link') throw Object.assign(new Error('it is a link'), { code: 'ELOOP' })
    if (stat?.type !== 'file') return undefined
    if (stat.device !== device && !isAnswered(named, mounts)) return undefined
    return openSync(`/proc/self/fd/${named}`, O_RDONLY | O_NONBLOCK | O_NOCTTY)
  } finally {
    closeSync(named)
  }
}

/** Where a mount is looked for, beside this process's own, and what is taken. */
type Mounts = Pick<NamedFile, 'pid' | 'mounts'> & { overlays: boolean }

/** Whether it is on a disk of the machine's; or its mount is known, and is of a file system that nobody serves. */
function isAnswered(fd: number, mounts: Mounts): boolean {
  const stat = keptStat(fd)
  if (stat !== undefined && isMachineDisk(stat.device)) return true
  const mount = mountOf(fd, stat?.mount ?? '0', mounts)
  if (mount === undefined || byProcess.test(mount.type)) return false
  const isOverlay = mount.type === 'overlay' && !mounts.overlays
  return !(byNetwork.test(mount.type) || isOverlay) || machines.has(mount.device)
}

/** Mounts by the numbers that no other one gets: to read the list of them takes a tenth of a millisecond and more. */
const known = new Map<string, MountedFile>()
/** A job makes as many as it likes. */
const mostKnown = 1024

function mountOf(fd: number, number: string, { pid, mounts }: Mounts): MountedFile | undefined {
  const before = known.get(number)
  if (before !== undefined) return before
  const info = readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
  const id = /^mnt_id:\s*(\d+)/m.exec(info)?.[1]
  const isOf = (one: MountedFile): boolean => one.id === id
  const there = (): MountedFile[] => {
    if (mounts !== undefined) return parseMounts(wholeOf(mounts))
    return pid === undefined ? [] : mountsOf(pid)
  }
  const found = mountsOf('self').find(isOf) ?? there().find(isOf)
  if (found === undefined || number === '0') return found
  if (known.size >= mostKnown) known.clear()
  known.set(number, found)
  return found
}

/** The mounts that a process sees; none when it has gone. */
export function mountsOf(process: number | string): MountedFile[] {
  let text
  try {
    text = readFileSync(`/proc/${process}/mountinfo`, 'latin1')
  } catch {
    return []
  }
  return parseMounts(text)
}

function parseMounts(text: string): MountedFile[] {
  return text.split('\n').map((line) => {
    const [id = '', , device = ''] = line.split(' ', 3)
    return { id, device, type: line.slice(line.lastIndexOf(' - ') + 3).split(' ', 1)[0] ?? '' }
  })
}

/** From its beginning, wherever an earlier reader has left it. */
function wholeOf(fd: number): string {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const part = Buffer.alloc(1 << 16)
    const bytes = readSync(fd, part, 0, part.length, at)
    if (bytes === 0) return Buffer.concat(parts).toString('latin1')
    parts.push(part.subarray(0, bytes))
    at += bytes
  }
}
