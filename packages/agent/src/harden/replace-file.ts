import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { copyAttributes } from '@runwarden/libbpf'
import { AgentError, errnoOf, messageOf } from '../errors.ts'

/** Owner and permissions (with setuid, setgid and sticky bit) of a file. */
export interface Access {
  uid: number
  gid: number
  mode: number
}

/** Of a file of the agent's own, which is root. */
export const ownFile: Access = { uid: 0, gid: 0, mode: 0o600 }

/** Where what replaces a file is written. */
const freshOf = (path: string): string => `${path}.runwarden-new`

/** What a replacement that was cut short has left. */
export function removeFresh(path: string): void {
  rmSync(freshOf(path), { force: true })
}

/**
 * Replaces a file at once: whoever reads it, also after a power cut, gets the old one or the new one, whole. ACLs and labels stay.
 * @throws AgentError when not all of it can be written; then the old one is there
 */
export function replaceFile(path: string, bytes: Buffer, access: Access): void {
  const fresh = freshOf(path)
  try {
    removeFresh(path)
    writeFresh(fresh, path, bytes, access)
    renameSync(fresh, path)
    flushFolder(dirname(path))
  } catch (error) {
    // On a full disk it would take room from who makes some.
    rmSync(fresh, { force: true })
    throw unwritten(path, error)
  }
}

function writeFresh(fresh: string, path: string, bytes: Buffer, { uid, gid, mode }: Access): void {
  const fd = openSync(fresh, 'wx', 0o600)
  try {
    // Goes on where write(2) has stopped: at a disk's last block it writes less than it was told to.
    writeFileSync(fd, bytes)
    // In this order: a change of owner clears capabilities, setuid and setgid bits, and an ACL changes permissions.
    fchownSync(fd, uid, gid)
    const code = copyAttributes(path, fd)
    if (code !== undefined && code !== 'ENOENT')
      throw new Error(`${code}: its extended attributes cannot be copied`)
    fchmodSync(fd, mode)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  if (!readFileSync(fresh).equals(bytes)) throw new Error('other bytes are read than were written')
}

function flushFolder(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** What is said when a file cannot be written. */
export function unwritten(path: string, cause: unknown): AgentError {
  const isFull = ['ENOSPC', 'EDQUOT'].includes(errnoOf(cause) ?? '')
  return new AgentError(
    'HARDEN',
    `${path} cannot be written: ${messageOf(cause)}`,
    isFull ? 'make room on its disk' : 'run as root, with this file writable',
    { cause },
  )
}
