import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  type BigIntStats,
} from 'node:fs'
import { errnoOf } from '../errors.ts'
import { clearNosuid, setNosuid } from './suid-mounts.ts'

/** Owner and permissions (with setuid, setgid and sticky bit) of a file. */
export interface Access {
  uid: number
  gid: number
  mode: number
}

/** A file's bytes, in base64, and its access; null: there is none. */
export type Content = (Access & { bytes: string }) | null

/** `file`: its device and inode. The path may lead to another one when the change is made, or undone. */
interface AccessChange {
  kind: 'access'
  path: string
  file: string
  before: Access
  after: Access
}

/** One thing that is changed on the machine, as it was and as it will be: enough to do it and to undo it. */
export type Change =
  | { kind: 'file'; path: string; before: Content; after: Content }
  | AccessChange
  | { kind: 'setting'; path: string; before: string; after: string }
  | { kind: 'nosuid'; namespace: string; mounts: string[] }
  | { kind: 'unit'; name: string; active: boolean }
  | { kind: 'ended'; pid: number; name: string }

/** Bits of a mode that are permissions. */
const permissionBits = 0o7777
/** Those of them that are not setuid, setgid or sticky. */
const ordinaryBits = 0o777

/** A file as it is. @throws Error for a link: who replaces it must know what it leads to */
export function contentOf(path: string): Content {
  try {
    if (lstatSync(path).isSymbolicLink()) throw new Error(`${path} is a link`)
    return { ...accessOf(path), bytes: readFileSync(path).toString('base64') }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

export function accessOf(path: string): Access {
  return accessIn(lstatSync(path, { bigint: true }))
}

function accessIn({ uid, gid, mode }: BigIntStats): Access {
  return { uid: Number(uid), gid: Number(gid), mode: Number(mode) & permissionBits }
}

const fileIn = ({ dev, ino }: BigIntStats): string => `${dev}:${ino}`

/** What gives the file that is at a path now another access. @returns undefined when it has that already, or is a link */
export function accessChange(
  path: string,
  change: (before: Access) => Access,
): AccessChange | undefined {
  return hold(path, (stat, held) => {
    if (stat.isSymbolicLink()) return undefined
    const before = accessIn(stat)
    const after = change(before)
    if (same(before, after)) return undefined
    // In an overlay, whatever is set makes a new file of it: that is the one to be changed, and undone.
    chmodSync(held, before.mode)
    return { kind: 'access', path, file: fileIn(statSync(held, { bigint: true })), before, after }
  })
}

/** Where what replaces a file is written. */
const freshOf = (path: string): string => `${path}.runwarden-new`

/** Replaces a file at once: whoever reads it gets the old one or the new one, whole. */
function writeContent(path: string, content: Content): void {
  if (content === null) {
    rmSync(path, { force: true })
    return
  }
  const fresh = freshOf(path)
  rmSync(fresh, { force: true })
  const fd = openSync(fresh, 'wx', 0o600)
  try {
    writeSync(fd, Buffer.from(content.bytes, 'base64'))
    fsyncSync(fd)
    // In this order: a change of owner clears setuid and setgid bits.
    fchownSync(fd, content.uid, content.gid)
    fchmodSync(fd, content.mode)
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, path)
}

/** O_PATH, for which Node has no name: what is there is found and held, and not opened. Sockets and devices can't be. */
const holdOnly = 0o10000000

/**
 * Does something to what is at a path, and to nothing that comes there meanwhile. No link is followed.
 * @param work gets what is there, and a path that leads to it whatever becomes of its own
 */
function hold<T>(path: string, work: (stat: BigIntStats, held: string) => T): T {
  const fd = openSync(path, holdOnly | constants.O_NOFOLLOW)
  try {
    return work(fstatSync(fd, { bigint: true }), `/proc/self/fd/${fd}`)
  } finally {
    closeSync(fd)
  }
}

/** In this order: a change of owner clears setuid and setgid bits. */
function setAccess(held: string, { uid, gid, mode }: Access): void {
  chownSync(held, uid, gid)
  chmodSync(held, mode)
}

function makeAccess({ path, file, after }: AccessChange): void {
  hold(path, (stat, held) => {
    if (fileIn(stat) !== file) throw new Error(`another file was put in the place of ${path}`)
    setAccess(held, after)
  })
}

/** Whether it is one of the two, or what is between them where setting one was cut short. */
function isBetween(now: Access, one: Access, other: Access): boolean {
  const has = (what: (access: Access) => number): boolean =>
    what(now) === what(one) || what(now) === what(other)
  const special = permissionBits & ~ordinaryBits
  return (
    has(({ uid }) => uid) &&
    has(({ gid }) => gid) &&
    has(({ mode }) => mode & ordinaryBits) &&
    (now.mode & special & ~(one.mode | other.mode)) === 0
  )
}

function undoAccess({ path, file, before, after }: AccessChange): string | undefined {
  try {
    return hold(path, (stat, held) => {
      const now = accessIn(stat)
      if (same(now, before)) return undefined
      if (fileIn(stat) !== file) return `${path} is another file now, and is left as it is`
      if (!isBetween(now, before, after))
        return `the permissions of ${path} were changed since, and are left as they are`
      setAccess(held, before)
      return undefined
    })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return `${path} is gone`
    throw error
  }
}

function systemctl(...args: string[]): void {
  execFileSync('systemctl', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 120_000 })
}

/** Does it. @throws Error of the system when it can't */
export function make(change: Change): void {
  switch (change.kind) {
    case 'file':
      writeContent(change.path, change.after)
      break
    case 'access':
      makeAccess(change)
      break
    case 'setting':
      writeFileSync(change.path, change.after)
      break
    case 'nosuid':
      setNosuid(change.namespace)
      break
    case 'unit':
      // Masked first: else a socket's next client starts it again.
      systemctl('mask', '--runtime', change.name)
      systemctl('stop', change.name)
      break
    case 'ended':
      process.kill(change.pid, 'SIGTERM')
      break
  }
}

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/**
 * Undoes it, as far as nobody has changed the same thing since.
 * @returns what stays changed and why; undefined when all is as it was
 */
export function undo(change: Change): string | undefined {
  switch (change.kind) {
    case 'file': {
      // Of one that was cut short.
      rmSync(freshOf(change.path), { force: true })
      const now = contentOf(change.path)
      if (same(now, change.before)) return undefined
      if (!same(now, change.after)) return `${change.path} was changed since, and is left as it is`
      writeContent(change.path, change.before)
      return undefined
    }
    case 'access':
      return undoAccess(change)
    case 'setting':
      if (readFileSync(change.path, 'utf8').trim() !== change.after)
        return `${change.path} was changed since, and is left as it is`
      writeFileSync(change.path, change.before)
      return undefined
    case 'nosuid':
      clearNosuid(change.namespace, change.mounts)
      return undefined
    case 'unit':
      systemctl('unmask', '--runtime', change.name)
      if (change.active) systemctl('start', change.name)
      return undefined
    case 'ended':
      return `${change.name} (process ${change.pid}) was ended and is no unit of systemd: start it yourself`
  }
}
