import { readFileSync, realpathSync, statSync } from 'node:fs'

/** A cgroup as the kernel's programs compare it. */
export interface ScopeIdentity {
  /** The cgroup's id: its directory's inode number. */
  id: bigint
  /** How many cgroups are above it; 0 is the root. */
  level: number
}

/**
 * @param path directory of a cgroup (v2)
 * @throws Error `ENOENT` when there is none; TypeError when it is not in a cgroup2 file system
 */
export function scopeIdentity(path: string): ScopeIdentity {
  const real = realpathSync(path)
  const id = statSync(real, { bigint: true }).ino
  let best: { point: string; depth: number } | undefined
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ')
    const [, , , root, point] = fields
    if (root === undefined || point === undefined) continue
    if (fields[fields.indexOf('-') + 1] !== 'cgroup2') continue
    if (real !== point && !real.startsWith(`${point}/`)) continue
    if (!best || point.length > best.point.length) best = { point, depth: depthOf(root) }
  }
  if (!best) throw new TypeError(`${path} is not in a cgroup2 file system`)
  return { id, level: best.depth + depthOf(real.slice(best.point.length)) }
}

function depthOf(path: string): number {
  return path.split('/').filter((part) => part !== '' && part !== '..').length
}
