import { readFileSync, realpathSync, statSync } from 'node:fs'
import { openObject } from '@runwarden/libbpf'
import { builtObjects } from './built-objects.ts'

/** A cgroup as the kernel's programs compare it. */
export interface ScopeIdentity {
  /** The cgroup's id: its directory's inode number. */
  id: bigint
  /** How many cgroups are above it, also those that this process does not see; 0 is the root. */
  level: number
}

/** Inode number of the machine's own cgroup namespace (PROC_CGROUP_INIT_INO). */
const MACHINES_NAMESPACE = 0xeffffffb

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
    // A later mount on the same path hides the earlier one.
    if (!best || point.length >= best.point.length) best = { point, depth: depthOf(root) }
  }
  if (!best) throw new TypeError(`${path} is not in a cgroup2 file system`)
  return { id, level: rootLevel() + best.depth + depthOf(real.slice(best.point.length)) }
}

/** How deep the root of this process's cgroup namespace is: what it reads of paths begins there. */
function rootLevel(): number {
  if (statSync('/proc/self/ns/cgroup').ino === MACHINES_NAMESPACE) return 0
  const own = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/'
  using object = openObject(`${builtObjects()}/level.bpf.o`)
  object.load()
  return object.run('own_level') - depthOf(own)
}

/** Levels that a path goes down; `..` leads up, out of a namespace. */
function depthOf(path: string): number {
  let depth = 0
  for (const part of path.split('/')) {
    if (part === '..') depth--
    else if (part !== '') depth++
  }
  return depth
}
