import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
import { openKnownPath } from '@runwarden/libbpf'

const O_PATH = 0o10000000
const AGAIN = 10
const OPEN_FLAGS = O_PATH | constants.O_DIRECTORY

/**
 * Where a path leads over symbolic links, as the process sees it, or once it has ended, as this one does. Only by what the kernel
 * keeps: nobody who serves a file system is asked. null: it leads nowhere, or the kernel does not know.
 */
export function realPathOf(pid: number, path: string): string | null {
  const root = rootOf(pid)
  const asked = { path, follow: true, ...(root === null ? {} : { below: root }) }
  let found = openKnownPath(asked)
  // Also whenever somebody has renamed or mounted something meanwhile.
  for (let again = 0; found === 'EAGAIN' && again < AGAIN; again++) found = openKnownPath(asked)
  try {
    return typeof found === 'number' ? readlinkSync(`/proc/self/fd/${found}`) : null
  } catch {
    return null
  } finally {
    if (typeof found === 'number') closeSync(found)
    if (root !== null) closeSync(root)
  }
}

function rootOf(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}/root`, OPEN_FLAGS)
  } catch {
    return null
  }
}
