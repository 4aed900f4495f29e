import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BpfMap, Link } from '@runwarden/libbpf'
import { EnforceError } from './error.ts'

/**
 * Names in a bpffs for what enforces a policy, so that it stays in force when the agent is killed.
 * bpffs takes no dots in names.
 */
export class Pins {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** @throws EnforceError when one cannot be pinned; the others stay, see remove() */
  pin(links: ReadonlyMap<string, Link>, maps: ReadonlyMap<string, BpfMap>): void {
    try {
      for (const [folder, things] of [
        ['links', links],
        ['maps', maps],
      ] as const) {
        mkdirSync(join(this.#dir, folder), { recursive: true, mode: 0o700 })
        for (const [name, thing] of things) thing.pin(join(this.#dir, folder, name))
      }
    } catch (cause) {
      throw new EnforceError(
        'ENFORCE_PIN',
        `cannot pin the enforcement under ${this.#dir}: ${cause instanceof Error ? cause.message : String(cause)}`,
        'the folder must be new and in a bpffs that root may write',
        { cause },
      )
    }
  }

  /** Takes the names away. What nothing else holds leaves the kernel: links are detached. */
  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true })
  }
}
