import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
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

/** One thing that is changed on the machine, as it was and as it will be: enough to do it and to undo it. */
export type Change =
  | { kind: 'file'; path: string; before: Content; after: Content }
  | { kind: 'access'; path: string; before: Access; after: Access }
  | { kind: 'setting'; path: string; before: string; after: string }
  | { kind: 'nosuid'; namespace: string; mounts: string[] }
  | { kind: 'unit'; name: string; active: boolean }
  | { kind: 'ended'; pid: number; name: string }

/** Bits of a mode that are permissions. */
const permissionBits = 0o7777

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
  const { uid, gid, mode } = lstatSync(path)
  return { uid, gid, mode: mode & permissionBits }
}

/** Replaces a file at once: whoever reads it gets the old one or the new one, whole. */
function writeContent(path: string, content: Content): void {
  if (content === null) {
    rmSync(path, { force: true })
    return
  }
  const fresh = `${path}.runwarden-new`
  rmSync(fresh, { force: true })
  const fd = openSync(fresh, 'wx', 0o600)
  try {
    writeSync(fd, Buffer.from(content.bytes, 'base64'))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  setAccess(fresh, content)
  renameSync(fresh, path)
}

/** In this order: a change of owner clears setuid and setgid bits. */
function setAccess(path: string, { uid, gid, mode }: Access): void {
  chownSync(path, uid, gid)
  chmodSync(path, mode)
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
      setAccess(change.path, change.after)
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
      const now = contentOf(change.path)
      if (same(now, change.before)) return undefined
      if (!same(now, change.after)) return `${change.path} was changed since, and is left as it is`
      writeContent(change.path, change.before)
      return undefined
    }
    case 'access': {
      let now: Access
      try {
        now = accessOf(change.path)
      } catch {
        return `${change.path} is gone`
      }
      if (same(now, change.before)) return undefined
      if (!same(now, change.after))
        return `the permissions of ${change.path} were changed since, and are left as they are`
      setAccess(change.path, change.before)
      return undefined
    }
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
