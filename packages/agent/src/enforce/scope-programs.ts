import { constants } from 'node:os'
import type { Hook } from '@runwarden/events'
import { BpfError, type BpfMap, type BpfObject, type Link } from '@runwarden/libbpf'
import { messageOf } from '../errors.ts'
import { EnforceError } from './error.ts'
import type { Pins } from './pins.ts'

/** Programs on the cgroup, in the order in which they are attached: what denies comes first. */
const PROGRAMS = [
  'egress',
  'sock_create',
  'connect4',
  'connect6',
  'sendmsg4',
  'sendmsg6',
  'recvmsg4',
  'recvmsg6',
  'getpeername4',
  'getpeername6',
  'post_bind4',
  'post_bind6',
] as const

/** Tells sockets of other families. Enforcement stands without it. */
const FAMILIES = 'socket_family'

/** The programs of the enforcement on the scope's cgroup, and the links that hold them there. */
export class ScopePrograms {
  readonly hooks: Hook[] = []
  readonly #object: BpfObject
  readonly #scopeCgroup: string
  readonly #pins: Pins | undefined
  readonly #links = new Map<string, Link>()
  #adopted = false

  constructor(object: BpfObject, scopeCgroup: string, pins: Pins | undefined) {
    this.#object = object
    this.#scopeCgroup = scopeCgroup
    this.#pins = pins
  }

  /** Links of an earlier agent were taken over: its programs and maps are in force already. */
  get adopted(): boolean {
    return this.#adopted
  }

  /** @throws EnforceError which program cannot be attached */
  attach(socketCalls: BpfMap | null | undefined): void {
    for (const program of PROGRAMS) {
      try {
        this.#links.set(program, this.#adopt(program) ?? this.#toScope(program))
      } catch (cause) {
        throw new EnforceError(
          'ENFORCE_ATTACH',
          `cannot attach ${program} to ${this.#scopeCgroup}: ${messageOf(cause)}`,
          'Linux 6.1 with CONFIG_CGROUP_BPF is needed, and no other program on the cgroup that excludes ours',
          { cause },
        )
      }
      const name = program === 'egress' ? 'cgroup_skb/egress' : `cgroup/${program}`
      this.hooks.push({ name, tier: 'T0', state: 'active', reason: '' })
    }
    const hook = { name: 'tp_btf/sys_exit (socket families)', tier: 'T0' } as const
    try {
      if (socketCalls) this.#object.install(FAMILIES, socketCalls, 0)
      else this.#links.set(FAMILIES, this.#object.attach(FAMILIES))
      this.hooks.push({ ...hook, state: 'active', reason: '' })
    } catch (error) {
      this.hooks.push({ ...hook, state: 'refused', reason: messageOf(error) })
    }
  }

  /** Puts our programs back in their links, and attaches anew what was detached. Returns the programs that were. */
  repair(): string[] {
    const attached: string[] = []
    for (const [program, link] of this.#links) {
      if (program === FAMILIES) continue
      try {
        this.#object.replace(link, program)
      } catch (error) {
        if (!isDetached(error)) throw error
        this.#links.set(program, this.#toScope(program))
        link.close()
        this.#pins?.drop(program)
        attached.push(program)
      }
    }
    return attached
  }

  /** Gives names to the links and these maps, where names are wanted. */
  pin(maps: ReadonlyMap<string, BpfMap>): void {
    this.#pins?.pin(this.#links, maps)
  }

  /** Lets go of the links: those that are pinned hold. */
  release(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  /** Takes the programs off the cgroup. */
  detach(): void {
    for (const [program, link] of this.#links) if (program !== FAMILIES) link.detach()
    this.release()
  }

  #toScope(program: string): Link {
    return this.#object.attach(program, { cgroup: this.#scopeCgroup })
  }

  /** Takes over an earlier agent's link to a program, if there is one that still holds. */
  #adopt(program: string): Link | undefined {
    const link = this.#pins?.link(program)
    if (link === undefined) return undefined
    try {
      this.#object.replace(link, program)
      this.#adopted = true
      return link
    } catch (error) {
      link.close()
      if (!isDetached(error)) throw error
      this.#pins?.drop(program)
      return undefined
    }
  }
}

/** Somebody has detached the link. */
function isDetached(error: unknown): boolean {
  return error instanceof BpfError && error.errno === constants.errno.ENOLINK
}
