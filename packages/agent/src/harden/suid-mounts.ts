import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { nosuidPath } from '@runwarden/libbpf'
import { unescapePath } from '../mounts.ts'

/** A mount namespace that sees the machine's own files, and a process that is in it. */
export interface FileView {
  /** `mnt:[4026531841]` */
  namespace: string
  pid: number
}

/**
 * The mount namespaces whose root is the machine's own: that of its first process, those of its services,
 * those in which users run. Containers have another root: their setuid programs are theirs.
 */
export function fileViews(): FileView[] {
  const found = new Map<string, FileView>()
  const machine = statSync('/proc/1/root', { bigint: true })
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`)
      if (found.has(namespace)) continue
      const root = statSync(`/proc/${pid}/root`, { bigint: true })
      if (root.dev === machine.dev && root.ino === machine.ino)
        found.set(namespace, { namespace, pid: Number(pid) })
    } catch {
      // It has ended, or is a thread of the kernel.
    }
  }
  return [...found.values()]
}

/**
 * Paths of mounts on which setuid bits count, from the text of mountinfo. `hidden`: whether those count that lie
 * below another mount at the same path; a path leads to the last one.
 */
export function suidMounts(text: string, hidden: boolean): string[] {
  const rows = text.split('\n').flatMap((line): [string, boolean][] => {
    const [, , , , path, options] = line.split(' ')
    if (path === undefined || options === undefined) return []
    return [[unescapePath(path), !options.split(',').includes('nosuid')]]
  })
  return [...(hidden ? rows : new Map(rows))].flatMap(([path, counts]) => (counts ? path : []))
}

/** As above, in the namespace that the process is in. */
export function suidMountsOf({ pid }: FileView, hidden: boolean): string[] {
  return suidMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), hidden)
}

function run(namespace: string, ...words: string[]): void {
  const view = fileViews().find((one) => one.namespace === namespace)
  // Nobody is in it any more: it is gone with its mounts.
  if (view === undefined) return
  const fd = openSync(`/proc/${view.pid}/ns/mnt`, 'r')
  try {
    execFileSync(nosuidPath, ['3', ...words], { stdio: ['ignore', 'ignore', 'pipe', fd] })
  } finally {
    closeSync(fd)
  }
}

export function setNosuid(namespace: string): void {
  run(namespace, 'set')
}

export function clearNosuid(namespace: string, mounts: readonly string[]): void {
  if (mounts.length > 0) run(namespace, 'clear', ...mounts)
}
