import { constants } from 'node:fs'
import { getSystemErrorName } from 'node:util'
import { native } from './native.ts'

/** What the kernel keeps of a file. */
export interface KeptStat {
  /** `major:minor` of what stat(2) says */
  device: string
  inode: string
  type: 'file' | 'folder' | 'link' | 'other'
  /** A number of its mount that no other one gets until the machine restarts; `0` before Linux 6.8, which has none. */
  mount: string
}

export interface KnownPath {
  path: string
  /** A descriptor of a folder that is the root of the path, for links on the way, too; by default the process's own. */
  below?: number
  /** Where it is a link, what that leads to; otherwise the link itself. */
  follow?: boolean
}

/**
 * Finds a file without opening it (O_PATH): nobody who serves a file system is asked, who may never answer. The kernel must know the whole
 * way: it does of what was just used.
 * @returns a descriptor, which the caller closes; or the error's code: EAGAIN when somebody would have to be asked
 */
export function openKnownPath({ path, below = -1, follow = false }: KnownPath): number | string {
  return openPath(below, path, true, follow)
}

/**
 * Finds what a folder has by one name, without opening it. The folder's file system is asked where the kernel does not know it, and no
 * other one.
 */
export function openEntry(folder: number, name: string): number | string {
  return openPath(folder, name, false, false)
}

function openPath(folder: number, path: string, cached: boolean, follow: boolean): number | string {
  // What a job has written may hold it; no file's name does.
  if (path.includes('\0')) return 'ENOENT'
  const fd = native().openPath(folder, path, cached, follow)
  return fd < 0 ? getSystemErrorName(fd) : fd
}

/** Of a descriptor, without asking who serves the file; undefined: the kernel does not know. */
export function keptStat(fd: number): KeptStat | undefined {
  const [device, inode, mode, mount = '0'] = native().keptStat(fd)?.split(' ') ?? []
  if (device === undefined || inode === undefined) return undefined
  return { device, inode, type: types.get(Number(mode) & constants.S_IFMT) ?? 'other', mount }
}

const types = new Map<number, KeptStat['type']>([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'folder'],
  [constants.S_IFLNK, 'link'],
])

/** @returns whether this descriptor has the file for itself now (flock): until it is closed, as it is when its process ends */
export function lockFile(fd: number): boolean {
  return native().lockFile(fd)
}

/**
 * Gives a file the extended attributes of another: access lists, labels of SELinux, what root keeps there.
 * @returns the error's code; ENOENT when there is no such file
 */
export function copyAttributes(from: string, to: number): string | undefined {
  const error = native().copyAttributes(from, to)
  return error < 0 ? getSystemErrorName(error) : undefined
}
