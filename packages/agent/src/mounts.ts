import { readFileSync } from 'node:fs'

/** One line of /proc/self/mountinfo (proc(5)). */
export interface Mount {
  /** `major:minor` */
  device: string
  /** Folder of the file system that is mounted. */
  root: string
  /** Where it is mounted. */
  path: string
  type: string
  /** Of the file system itself. */
  options: string[]
  readOnly: boolean
}

/** mountinfo writes blank, tab, newline and backslash as octal. */
export function unescapePath(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCodePoint(Number.parseInt(octal, 8)),
  )
}

/** Parses the text of /proc/PID/mountinfo. Later mounts on the same path hide earlier ones. */
export function parseMounts(text: string): Mount[] {
  const byPath = new Map<string, Mount>()
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ')
    if (left === undefined || right === undefined) continue
    const [, , device = '', root = '', path = '', options = ''] = left.split(' ')
    const mount: Mount = {
      device,
      root: unescapePath(root),
      path: unescapePath(path),
      type: right.split(' ')[0] ?? '',
      options: unescapePath(right.split(' ')[2] ?? '').split(','),
      readOnly: options.split(',').includes('ro'),
    }
    // What is mounted over a folder hides what was mounted below it.
    for (const below of byPath.keys()) {
      if (below.startsWith(`${mount.path}/`)) byPath.delete(below)
    }
    byPath.delete(mount.path)
    byPath.set(mount.path, mount)
  }
  return [...byPath.values()]
}

/** The mounts that this process sees. */
export function readMounts(): Mount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/** A writable cgroup v2 hierarchy, wherever it is mounted; undefined: there is none. */
export function findCgroup2(mounts: readonly Mount[]): string | undefined {
  return mounts.find(({ type, readOnly }) => type === 'cgroup2' && !readOnly)?.path
}
