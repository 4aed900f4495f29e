import { readFileSync, statSync } from 'node:fs'
import type { EventOf } from '@runwarden/events'
import type { ContainerRights } from '@runwarden/sensor'
import { type Mount, parseMounts, readMounts } from './mounts.ts'

type Facts = NonNullable<EventOf<'sandbox.change'>['container']>
type HostMount = NonNullable<Facts['mounts']>[number]

/** That are told of one container. */
const MOST_MOUNTS = 64
/** File systems that each container has, or that are no files of the machine's. */
const own = new Set(['cgroup', 'cgroup2', 'mqueue', 'devpts', 'sysfs'])

/** Numbers of the namespaces that this process, and the job's machine, is in. */
const machine = new Map<string, number>()

function ownNumber(name: string): number {
  const known = machine.get(name)
  if (known !== undefined) return known
  const number = statSync(`/proc/self/ns/${name}`).ino
  machine.set(name, number)
  return number
}

/**
 * What a container's program has, as events tell it: the kernel said what it is allowed, when it was started; the mounts are
 * read a moment later.
 * @param pid when it is over already, its mounts are not known
 */
export function containerFacts(rights: ContainerRights, pid: number): Facts {
  const { namespaces, ...allowed } = rights
  const mounts = mountsOf(pid)
  const at = (path: string): boolean | null => {
    const mount = mounts?.find((one) => one.path === path)
    return mount === undefined ? null : !mount.readOnly
  }
  const shown = mounts === null ? null : hostMounts(mounts, readMounts())
  const leftOut = Math.max(0, (shown?.length ?? 0) - MOST_MOUNTS)
  return {
    ...allowed,
    shares: Object.entries(namespaces).flatMap(([name, number]) =>
      number === ownNumber(name) ? [name] : [],
    ),
    mounts: shown?.slice(0, MOST_MOUNTS) ?? null,
    ...(leftOut > 0 && { mountsLeftOut: leftOut }),
    sysWritable: at('/sys'),
  }
}

/** For a person. */
export function containerText(facts: Facts): string {
  const { capabilities, ownUsers, shares, seccomp, mounts, mountsLeftOut } = facts
  const more = mountsLeftOut === undefined ? '' : `, and ${mountsLeftOut} more`
  const parts = [
    `capabilities ${capabilities.join(' ') || 'none'}${ownUsers ? ' (over its own users)' : ''}`,
    `shares ${shares.join(' ') || 'nothing'}`,
    `seccomp ${seccomp}`,
    mounts === null
      ? 'mounts not known'
      : `mounts ${mounts.map(({ from, to, readOnly }) => `${from} on ${to}${readOnly ? ' (read-only)' : ''}`).join(', ') || 'none'}${more} of the machine`,
  ]
  return `container(${parts.join('; ')})`
}

function mountsOf(pid: number): Mount[] | null {
  try {
    return parseMounts(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'))
  } catch {
    return null
  }
}

/**
 * Those of a container that show something of the machine's own file systems, by what it is called there: what gives the machine away first,
 * sockets and the outermost folders, wherever the container has put them.
 */
export function hostMounts(mounts: readonly Mount[], host: readonly Mount[]): HostMount[] {
  const found = mounts.flatMap((mount): HostMount[] => {
    const { path: to, readOnly, type } = mount
    if (own.has(type) || to === '/' || (type === 'proc' && to === '/proc')) return []
    const from = hostPath(mount, host)
    return from === null ? [] : [{ from, to, readOnly }]
  })
  return found.toSorted((a, b) => depthOf(a) - depthOf(b))
}

function depthOf({ from }: HostMount): number {
  if (from === '/') return 0
  return from.endsWith('.sock') ? 1 : from.split('/').length
}

function hostPath(mount: Mount, host: readonly Mount[]): string | null {
  const above = host
    .filter(({ device, root }) => device === mount.device && isWithin(mount.root, root))
    .toSorted((a, b) => b.root.length - a.root.length)[0]
  if (above === undefined) return null
  const rest = mount.root.slice(above.root === '/' ? 0 : above.root.length)
  return `${above.path === '/' ? '' : above.path}${rest === '/' ? '' : rest}` || '/'
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}
