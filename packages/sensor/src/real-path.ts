import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
import { openKnownPath } from '@runwarden/libbpf'
import { walkPath } from './served.ts'

const O_PATH = 0o10000000
const AGAIN = 10
const OPEN_FLAGS = O_PATH | constants.O_DIRECTORY
/** In a second: a job can have as many as it likes asked for, and each takes a millisecond. */
const MOST_WALKS = 50

let second = 0
let walks = 0

/** What says that there is no such file. */
const nowhere = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'])

/**
 * Where a path leads over symbolic links, as the process sees it, or once it has ended, as this one does. Nobody who serves a file
 * system is asked.
 * @returns null: it leads nowhere; undefined: it is not known, as by way of /proc, where links are each process's own
 */
export function realPathOf(pid: number, path: string): string | null | undefined {
  const root = rootOf(pid)
  let found: number | string = 'ENOENT'
  try {
    found = find(pid, root, path)
    if (typeof found === 'string') return nowhere.has(found) ? null : undefined
    const real = readlinkSync(`/proc/self/fd/${found}`)
    return real.startsWith('/proc/') ? undefined : real
  } catch {
    return undefined
  } finally {
    if (typeof found === 'number') closeSync(found)
    closeSync(root)
  }
}

function find(pid: number, below: number, path: string): number | string {
  let found = openKnownPath({ path, below, follow: true })
  // Also whenever somebody has renamed or mounted something meanwhile.
  for (let again = 0; found === 'EAGAIN' && again < AGAIN; again++)
    found = openKnownPath({ path, below, follow: true })
  // Of a link that nobody has followed yet.
  return found === 'EAGAIN' && mayWalk()
    ? walkPath(below, path, { pid, overlays: true, follow: true })
    : found
}

function mayWalk(): boolean {
  const now = Math.floor(performance.now() / 1000)
  if (now !== second) [second, walks] = [now, 0]
  return ++walks <= MOST_WALKS
}

function rootOf(pid: number): number {
  try {
    return openSync(`/proc/${pid}/root`, OPEN_FLAGS)
  } catch {
    return openSync('/', OPEN_FLAGS)
  }
}
