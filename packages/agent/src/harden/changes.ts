import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs'
import { errnoOf } from '../errors.ts'
import { removeFresh, replaceFile, type Access } from './replace-file.ts'
import { clearNosuid, setNosuid, type NosuidChange } from './suid-mounts.ts'
import { takenBack } from './taken-back.ts'

export type { Access } from './replace-file.ts'

/** A file's bytes, in base64, and its access; null: there is none. */
export type Content = (Access & { bytes: string }) | null

interface FileChange {
  kind: 'file'
  path: string
  before: Content
  after: Content
}

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
  | FileChange
  | AccessChange
  | { kind: 'setting'; path: string; before: string; after: string }
  | NosuidChange
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

function writeContent(path: string, content: Content): void {
  if (content === null) rmSync(path, { force: true })
  else replaceFile(path, Buffer.from(content.bytes, 'base64'), content)
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

/** Also of a file that others have changed since, as far as it is the change's. It is undone when the file that is there says so. */
function undoFile({ path, before, after }: FileChange): string | undefined {
  // Of one that was cut short.
  removeFresh(path)
  if (isLink(path)) return `${path} is a link now, and is left as it is`
  const now = contentOf(path)
  if (same(now, before)) return undefined
  if (same(now, after)) return rewrite(path, before)
  if (now === null) return `${path} is gone`
  if (before === null || after === null) return `${path} was changed since, and is left as it is`
  const [text, ...texts] = [now, before, after].map(textOf)
  const { text: next, stays } = takenBack(text ?? '', texts[0] ?? '', texts[1] ?? '')
  rewrite(path, { ...now, bytes: Buffer.from(next, 'latin1').toString('base64') })
  return stays.length === 0 ? undefined : `${path}: ${stays.join(', ')}`
}

function rewrite(path: string, content: Content): undefined {
  writeContent(path, content)
  if (!same(contentOf(path), content)) throw new Error('it is not as it was written')
}

const textOf = ({ bytes }: { bytes: string }): string =>
  Buffer.from(bytes, 'base64').toString('latin1')

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function undoSetting(path: string, before: string, after: string): string | undefined {
  const now = readFileSync(path, 'utf8').trim()
  if (now === before) return undefined
  if (now !== after) return `${path} was changed since, and is left as it is`
  writeFileSync(path, before)
  return undefined
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
      setNosuid()
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
 * Undoes it, as far as nobody has changed the same thing since. Done again it does no more.
 * @returns what stays changed for good and why; undefined when all is as it was
 * @throws Error when it cannot be undone now
 */
export function undo(change: Change): string | undefined {
  switch (change.kind) {
    case 'file':
      return undoFile(change)
    case 'access':
      return undoAccess(change)
    case 'setting':
      return undoSetting(change.path, change.before, change.after)
    case 'nosuid':
      return clearNosuid(change)
    case 'unit':
      systemctl('unmask', '--runtime', change.name)
      if (change.active) systemctl('start', change.name)
      return undefined
    case 'ended':
      return `${change.name} (process ${change.pid}) was ended and is no unit of systemd: start it yourself`
  }
}
