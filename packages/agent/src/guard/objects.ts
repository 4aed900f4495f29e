import { readFileSync, readdirSync } from 'node:fs'

/** A link that this process holds, as the kernel has it now. */
export interface HeldLink {
  descriptor: number
  id: number
  program: number
  /** Id of the cgroup that it is attached to, 0 when it was detached; null: it is on no cgroup. */
  cgroup: bigint | null
}

/** The BPF objects that this process holds open, by the kernel's ids. */
export interface HeldObjects {
  maps: number[]
  programs: number[]
  links: HeldLink[]
}

/** The kernel's word about a descriptor of this process; empty when there is none. */
function infoOf(descriptor: number | string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
  } catch {
    return ''
  }
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(info)?.[1]
}

/** What fdinfo says of a link; undefined: the descriptor is none. */
function linkOf(descriptor: number, info: string): HeldLink | undefined {
  const id = field(info, 'link_id')
  if (id === undefined) return undefined
  const cgroup = field(info, 'cgroup_id')
  return {
    descriptor,
    id: Number(id),
    program: Number(field(info, 'prog_id') ?? 0),
    cgroup: cgroup === undefined ? null : BigInt(cgroup),
  }
}

/** Looks at a link again by its descriptor; undefined: it is another's by now, or closed. */
export function lookAgain(link: HeldLink): HeldLink | undefined {
  const now = linkOf(link.descriptor, infoOf(link.descriptor))
  return now?.id === link.id ? now : undefined
}

/** Everything of BPF that this process (all of its threads) has a descriptor of. */
export function heldObjects(): HeldObjects {
  const maps = new Set<number>()
  const programs = new Set<number>()
  const links = new Map<number, HeldLink>()
  for (const name of readdirSync('/proc/self/fdinfo')) {
    const info = infoOf(name)
    const link = linkOf(Number(name), info)
    if (link !== undefined) links.set(link.id, link)
    const map = field(info, 'map_id')
    if (map !== undefined) maps.add(Number(map))
    const program = field(info, 'prog_id')
    if (program !== undefined) programs.add(Number(program))
  }
  return { maps: [...maps], programs: [...programs], links: [...links.values()] }
}
