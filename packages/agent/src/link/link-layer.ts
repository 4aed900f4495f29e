import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Hook } from '@runwarden/events'
import {
  BpfError,
  type BpfObject,
  classifier,
  detachClassifier,
  isFirst,
  type Link,
  openObject,
  openPinnedLink,
} from '@runwarden/libbpf'
import { builtObjects } from '@runwarden/sensor'
import type { Enforcer } from '../enforce/enforcer.ts'
import { SHARED_MAPS } from '../enforce/map-names.ts'
import { AgentError, messageOf } from '../errors.ts'
import { findUplinks, type Uplink } from './uplinks.ts'

export interface LinkSettings {
  /** Names of interfaces that lead outwards beside those that are found to. */
  uplinks: readonly string[]
  /** DHCP of programs with packet sockets passes. */
  passesDhcp: boolean
}

export interface LinkLayerOptions extends LinkSettings {
  /** Folder of the BPF objects; by default the build for this machine. */
  objectDir?: string
  /** Whose maps and variables it decides by. */
  enforcer: Enforcer
  /** A folder in a bpffs for the links; what an earlier agent left there is taken over. */
  pinDir: string
  /** Finds the uplinks; by default findUplinks. */
  find?: (named: readonly string[]) => Uplink[]
}

const PROGRAM = 'link_egress'
/** Refuses what would let packet sockets go round the other. */
const OPTIONS = 'link_options'

interface Held {
  uplink: Uplink
  /** By tcx; null: by clsact. */
  link: Link | null
}

/** The last layer of a scope that is the whole machine: what leaves by its uplinks. */
export class LinkLayer {
  readonly #options: LinkLayerOptions
  readonly #object: BpfObject
  readonly #held = new Map<number, Held>()
  #refusing: Link | undefined

  private constructor(options: LinkLayerOptions, object: BpfObject) {
    this.#options = options
    this.#object = object
  }

  /** @throws AgentError which interface it cannot be attached to; then it is attached to none anew */
  static open(options: LinkLayerOptions): LinkLayer {
    const { maps, globals } = options.enforcer.share(SHARED_MAPS)
    const object = openObject(join(options.objectDir ?? builtObjects(), 'link.bpf.o'), {
      reuse: maps,
      globals: { ...globals, passes_dhcp: Number(options.passesDhcp) },
    })
    const layer = new LinkLayer(options, object)
    try {
      object.load()
      mkdirSync(options.pinDir, { recursive: true, mode: 0o700 })
      layer.refresh()
      return layer
    } catch (error) {
      layer.release()
      throw error
    }
  }

  get hooks(): Hook[] {
    return [...this.#held.values()].map(({ uplink, link }) => ({
      name: `${link === null ? 'tc' : 'tcx'} egress of ${uplink.name}`,
      tier: 'T0',
      state: 'active',
      reason: '',
    }))
  }

  /**
   * Follows the interfaces: those that came are attached to, those that went are forgotten.
   * @returns names of those that came, went, and were taken off by somebody and attached to again
   * @throws AgentError which interface it cannot be attached to
   */
  refresh(): { came: string[]; gone: string[]; again: string[] } {
    const { find = findUplinks, uplinks } = this.#options
    const now = new Map(find(uplinks).map((uplink) => [uplink.index, uplink]))
    const changes = { came: [] as string[], gone: [] as string[], again: [] as string[] }
    if (this.#refuse()) changes.again.push('the options of sockets')
    for (const [index, held] of this.#held) {
      const { uplink } = held
      if (now.has(index) && this.#holds(held)) continue
      this.#forget(index)
      const isBack = now.has(index) && this.#take(uplink)
      changes[isBack ? 'again' : 'gone'].push(uplink.name)
    }
    for (const [index, uplink] of now)
      if (!this.#held.has(index) && this.#take(uplink)) changes.came.push(uplink.name)
    for (const name of readdirSync(this.#options.pinDir))
      if (name !== OPTIONS && !this.#held.has(Number(name)))
        rmSync(join(this.#options.pinDir, name))
    return changes
  }

  /** Whether nobody has taken it off the interface. A name that was taken away is given back. */
  #holds({ uplink, link }: Held): boolean {
    if (link === null) return classifier(uplink.index) !== null
    try {
      this.#object.replace(link, PROGRAM)
      if (!isFirst(link, uplink.index)) return false
      const path = join(this.#options.pinDir, String(uplink.index))
      if (!existsSync(path)) link.pin(path)
      return true
    } catch {
      return false
    }
  }

  /** Holds the program that refuses ways round. @returns whether somebody had taken it off */
  #refuse(): boolean {
    const path = join(this.#options.pinDir, OPTIONS)
    const before = this.#refusing
    const link = before ?? (existsSync(path) ? openPinnedLink(path) : undefined)
    try {
      if (link !== undefined) {
        this.#object.replace(link, OPTIONS)
        if (!existsSync(path)) link.pin(path)
        this.#refusing = link
        return false
      }
    } catch {
      link?.close()
      rmSync(path, { force: true })
    }
    this.#refusing = this.#object.attach(OPTIONS, { cgroup: this.#options.enforcer.cgroup })
    this.#refusing.pin(path)
    return before !== undefined
  }

  /** Lets go of it: what is attached stays. */
  release(): void {
    this.#refusing?.close()
    this.#refusing = undefined
    for (const { link } of this.#held.values()) link?.close()
    this.#held.clear()
    this.#object.close()
  }

  /** Takes it off every interface. */
  close(): void {
    this.#refusing?.detach()
    this.#refusing?.close()
    for (const [index, { link }] of this.#held) {
      link?.detach()
      if (link === null) detachClassifier(index)
      this.#forget(index)
    }
    rmSync(this.#options.pinDir, { recursive: true, force: true })
    this.#object.close()
  }

  #forget(index: number): void {
    this.#held.get(index)?.link?.close()
    this.#held.delete(index)
    rmSync(join(this.#options.pinDir, String(index)), { force: true })
  }

  /** @returns whether the interface is there: it may go as soon as it has been listed. @throws AgentError */
  #take(uplink: Uplink): boolean {
    const { find = findUplinks, uplinks } = this.#options
    try {
      this.#held.set(uplink.index, { uplink, link: this.#attach(uplink) })
      return true
    } catch (error) {
      if (find(uplinks).some(({ index }) => index === uplink.index)) throw error
      return false
    }
  }

  #attach(uplink: Uplink): Link | null {
    const key = Buffer.alloc(4)
    const value = Buffer.alloc(4)
    key.writeUInt32LE(uplink.index)
    value.writeUInt32LE(uplink.header)
    this.#object.map('link_headers').set(key, value)
    const path = join(this.#options.pinDir, String(uplink.index))
    try {
      if (existsSync(path)) {
        const link = openPinnedLink(path)
        try {
          this.#object.replace(link, PROGRAM)
          return link
        } catch {
          // The interface went, and another one has its number.
          link.close()
          rmSync(path)
        }
      }
      return this.#object.attachUplink(PROGRAM, uplink.index, path)
    } catch (error) {
      // No tcx before 6.6.
      if (!(error instanceof BpfError && error.errnoName === 'EINVAL'))
        throw this.#failed(uplink, error)
    }
    try {
      this.#object.attachClassifier(PROGRAM, uplink.index)
      return null
    } catch (error) {
      throw this.#failed(uplink, error)
    }
  }

  #failed({ name }: Uplink, cause: unknown): AgentError {
    return new AgentError(
      'LINK_LAYER',
      `what leaves by the interface ${name} cannot be decided: ${messageOf(cause)}`,
      'a kernel of 6.6 or newer is needed, or the modules sch_ingress and cls_bpf',
      { cause },
    )
  }
}

/** Takes off what an agent that is no more has left by clsact, which nothing else holds or names. */
export function dropClassifiers(): void {
  for (const name of readdirSync('/sys/class/net')) {
    const index = Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8'))
    if (classifier(index) !== null) detachClassifier(index)
  }
}
