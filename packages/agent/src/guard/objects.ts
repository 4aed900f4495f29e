import { closeSync, openSync, readdirSync, readSync } from 'node:fs'

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

/** A number that fdinfo gives, by its name. Made once: a start looks at some hundred descriptors. */
const field = {
  link: /^link_id:\s*(\d+)/m,
  program: /^prog_id:\s*(\d+)/m,
  map: /^map_id:\s*(\d+)/m,
  cgroup: /^cgroup_id:\s*(\d+)/m,
} as const

function numberIn(info: string, name: keyof typeof field): string | undefined {
  return field[name].exec(info)?.[1]
}

/** What fdinfo says of a link; undefined: the descriptor is none. */
function linkOf(descriptor: number, info: string): HeldLink | undefined {
  const id = numberIn(info, 'link')
  if (id === undefined) return undefined
  const cgroup = numberIn(info, 'cgroup')
  return {
    descriptor,
    id: Number(id),
    program: Number(numberIn(info, 'program') ?? 0),
    cgroup: cgroup === undefined ? null : BigInt(cgroup),
  }
}

/** A link that is looked at again and again: the file in which the kernel tells of it stays open. */
export class WatchedLink {
  readonly link: HeldLink
  readonly #info: number | null
  #good = ''

  constructor(link: HeldLink) {
    this.link = link
    this.#info = openInfo(link.descriptor)
  }

  /** How it is now; undefined: as it should be, or its descriptor is another's by now, or closed. */
  changed(): HeldLink | undefined {
    const said = this.#info === null ? '' : textOf(this.#info)
    if (said === this.#good) return undefined
    const { descriptor, id, program, cgroup } = this.link
    const now = linkOf(descriptor, said)
    if (now?.id !== id) return undefined
    if (now.program !== program || now.cgroup !== cgroup || cgroup === 0n) return now
    this.#good = said
    return undefined
  }

  close(): void {
    if (this.#info !== null) closeSync(this.#info)
  }
}

const text = Buffer.alloc(4096)

/** What an open file of /proc says now; empty when what it is about is gone. */
function textOf(file: number): string {
  try {
    return text.toString('latin1', 0, readSync(file, text, 0, text.length, 0))
  } catch {
    return ''
  }
}

function openInfo(descriptor: number | string): number | null {
  try {
    return openSync(`/proc/self/fdinfo/${descriptor}`, 'r')
  } catch {
    return null
  }
}

/** The kernel's word about a descriptor of this process; empty when there is none. */
function infoOf(descriptor: string): string {
  const file = openInfo(descriptor)
  if (file === null) return ''
  try {
    return textOf(file)
  } finally {
    closeSync(file)
  }
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
    const map = numberIn(info, 'map')
    if (map !== undefined) maps.add(Number(map))
    const program = numberIn(info, 'program')
    if (program !== undefined) programs.add(Number(program))
  }
  return { maps: [...maps], programs: [...programs], links: [...links.values()] }
}
