import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { programsOnCgroup } from '@runwarden/libbpf'

/**
 * Hooks on which a program that runs after ours can undo what ours decided (bpf_set_retval):
 * enum bpf_attach_type. Packets have the last word anyway: there nobody can.
 */
const hooks: readonly [type: number, name: string][] = [
  [2, 'sock_create'],
  [10, 'connect4'],
  [11, 'connect6'],
  [12, 'post_bind4'],
  [13, 'post_bind6'],
  [14, 'sendmsg4'],
  [15, 'sendmsg6'],
  [22, 'setsockopt'],
]

/** A program on the scope's cgroup, or one above it, that was not there when the scope was armed. */
export interface Neighbour {
  program: number
  hook: string
  cgroup: string
}

/** Watches for programs that others attach where ours are, or above. */
export class Neighbours {
  readonly #folders: string[]
  readonly #known: Set<string>

  /** @param cgroup directory of the scope's cgroup */
  constructor(cgroup: string) {
    this.#folders = foldersAbove(cgroup)
    this.#known = new Set(this.#list().map(keyOf))
  }

  /** Those that have come since the last call; ids in `ours` are left out. */
  come(ours: ReadonlySet<number>): Neighbour[] {
    const come = this.#list().filter(
      (neighbour) => !ours.has(neighbour.program) && !this.#known.has(keyOf(neighbour)),
    )
    for (const neighbour of come) this.#known.add(keyOf(neighbour))
    return come
  }

  #list(): Neighbour[] {
    return this.#folders.flatMap((cgroup) =>
      hooks.flatMap(([type, hook]) =>
        programsOn(cgroup, type).map((program) => ({ program, hook, cgroup })),
      ),
    )
  }
}

function keyOf({ program, hook, cgroup }: Neighbour): string {
  return `${cgroup} ${hook} ${program}`
}

/** A cgroup that is gone has none; that it is gone is found elsewhere. */
function programsOn(cgroup: string, type: number): number[] {
  try {
    return programsOnCgroup(cgroup, type)
  } catch {
    return []
  }
}

/** The scope's folder and those above it, up to the mount of the hierarchy. */
function foldersAbove(cgroup: string): string[] {
  const points = new Set(
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, , type]) => type === 'cgroup2')
      .map(([, point]) => point),
  )
  const folders = [cgroup]
  while (!points.has(folders.at(-1)) && folders.at(-1) !== '/')
    folders.push(dirname(folders.at(-1) ?? '/'))
  return folders
}
