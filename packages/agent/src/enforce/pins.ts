import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BpfMap, type Link, openPinnedLink, openPinnedMap } from '@runwarden/libbpf'
import { EnforceError } from './error.ts'

/**
 * Names in a bpffs for what enforces a policy, so that it stays in force when the agent is killed, and is found by the
 * next one. Links are under the name of their program, maps under the version of the object that they belong to: another
 * version's are of another shape. bpffs takes no dots in names.
 */
export class Pins {
  readonly #dir: string
  readonly #version: string

  /** @param version of the object that the maps belong to */
  constructor(dir: string, version: string) {
    this.#dir = dir
    this.#version = version
  }

  /** The maps of these names that an earlier agent with the same object left; all of them, or none. */
  maps(names: readonly string[]): Record<string, BpfMap> {
    const folder = this.mapFolder
    if (!names.every((name) => existsSync(join(folder, name)))) return {}
    return Object.fromEntries(names.map((name) => [name, openPinnedMap(join(folder, name))]))
  }

  /** The link that an earlier agent left for a program. */
  link(program: string): Link | undefined {
    const path = join(this.#dir, 'links', program)
    return existsSync(path) ? openPinnedLink(path) : undefined
  }

  /** Takes away the name of a link that holds nothing any more, if it still has it. */
  drop(program: string): void {
    rmSync(join(this.#dir, 'links', program), { force: true })
  }

  /**
   * Gives names to what has none yet, and takes away those of another version: links of programs that are no more, its
   * maps.
   * @throws EnforceError when one cannot be pinned; the others stay, see remove()
   */
  pin(links: ReadonlyMap<string, Link>, maps: ReadonlyMap<string, BpfMap>): void {
    try {
      for (const [folder, things] of [
        ['links', links],
        [this.#mapsName, maps],
      ] as const) {
        mkdirSync(join(this.#dir, folder), { recursive: true, mode: 0o700 })
        for (const [name, thing] of things) {
          const path = join(this.#dir, folder, name)
          if (!existsSync(path)) thing.pin(path)
        }
      }
      for (const folder of readdirSync(this.#dir)) {
        if (folder.startsWith('maps') && folder !== this.#mapsName)
          rmSync(join(this.#dir, folder), { recursive: true })
      }
      for (const program of readdirSync(join(this.#dir, 'links')))
        if (!links.has(program)) this.drop(program)
    } catch (cause) {
      throw new EnforceError(
        'ENFORCE_PIN',
        `cannot pin the enforcement under ${this.#dir}: ${cause instanceof Error ? cause.message : String(cause)}`,
        'the folder must be in a bpffs that root may write',
        { cause },
      )
    }
  }

  /** Takes the names away. What nothing else holds leaves the kernel: links are detached. */
  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }

  /** Where maps are pinned. */
  get mapFolder(): string {
    return join(this.#dir, this.#mapsName)
  }

  get #mapsName(): string {
    return `maps-${this.#version}`
  }
}
