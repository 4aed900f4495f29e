import { hash } from 'node:crypto'
import { closeSync, fstatSync, readlinkSync, readSync } from 'node:fs'
import { openNamedFile } from '@runwarden/sensor'
import { type Content, mostBytes, type Unread } from './contract.ts'
import { notableIn } from './startup-files.ts'

/** One byte more than is taken tells that there is more. */
const room = Buffer.alloc(mostBytes + 1)

/**
 * What the file at a path holds. Paths are chosen by the job: only a regular file that is at this very path is read,
 * never what a link or a pipe in its place leads to.
 */
export function readContent(path: string): Content {
  const content: Content = { digest: null, unread: '', bytes: 0, changedMs: 0, readMs: 0 }
  let fd
  try {
    fd = openNamedFile({ path })
    if (fd === undefined) return { ...content, unread: 'special', readMs: Date.now() + 1 }
    const stat = fstatSync(fd)
    content.changedMs = stat.ctimeMs
    content.unread = unreadable(fd, path, stat)
    if (content.unread === '') {
      content.bytes = fill(fd)
      if (content.bytes > mostBytes) content.unread = 'large'
      else {
        const held = room.subarray(0, content.bytes)
        content.digest = hash('sha256', held, 'hex')
        const notable = notableIn(path, held)
        if (notable !== undefined) content.notable = notable
      }
    }
  } catch (error) {
    content.unread = reasonOf(error)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  // Date.now() is cut: what is later than this came after the last byte was read.
  content.readMs = Date.now() + 1
  return content
}

function unreadable(fd: number, path: string, stat: ReturnType<typeof fstatSync>): Unread {
  if (stat.size > mostBytes) return 'large'
  // A folder above may be a link by now.
  return readlinkSync(`/proc/self/fd/${fd}`) === path ? '' : 'elsewhere'
}

function fill(fd: number): number {
  let bytes = 0
  for (;;) {
    const read = readSync(fd, room, bytes, room.length - bytes, null)
    if (read === 0) return bytes
    bytes += read
    if (bytes > mostBytes) return bytes
  }
}

function reasonOf(error: unknown): Unread {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'gone'
  return code === 'ELOOP' ? 'elsewhere' : 'unreadable'
}
