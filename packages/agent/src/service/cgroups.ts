import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AgentError } from '../errors.ts'
import { findCgroup2, readMounts } from '../mounts.ts'

/** The cgroup v2 hierarchy. @throws AgentError when none is mounted: an agent's scopes are cgroups of others. */
export function hierarchy(): string {
  const found = findCgroup2(readMounts())
  if (found !== undefined) return found
  throw new AgentError(
    'NO_CGROUP2',
    'no cgroup v2 hierarchy is mounted',
    'mount it: mount -t cgroup2 none /sys/fs/cgroup',
  )
}

/**
 * The directory of a cgroup as a person names it: `host` for the root, its path as in /proc/PID/cgroup, or its
 * directory.
 */
export function cgroupPath(named: string, root = hierarchy()): string {
  if (named === 'host') return root
  return named === root || named.startsWith(`${root}/`) ? named : join(root, named)
}

/** The same. @throws AgentError when it is not there */
export function findCgroup(named: string, root = hierarchy()): string {
  const path = cgroupPath(named, root)
  if (existsSync(join(path, 'cgroup.procs'))) return path
  throw new AgentError(
    'NO_CGROUP',
    `there is no cgroup '${named}' (looked for ${path})`,
    `name a cgroup below ${root}, as in /proc/PID/cgroup, or 'host' for the whole machine; for one that comes later say 'wait: true' of its scope`,
  )
}

/** A name for files: `host`, or the cgroup's path with dashes. */
export function scopeName(cgroup: string, root = hierarchy()): string {
  const path = cgroup.slice(root.length).replaceAll(/[^A-Za-z0-9._@-]+/g, '-')
  return path.replaceAll(/^-+|-+$/g, '') || 'host'
}
