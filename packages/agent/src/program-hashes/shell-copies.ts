import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { ProgramBody } from './program-watch.ts'

type Held = Pick<ProgramBody, 'path' | 'size' | 'sha256'>

/** Where the machine has its shells. */
const shells = [
  'dash',
  'bash',
  'zsh',
  'ksh',
  'mksh',
  'ash',
  'busybox',
  'toybox',
  'fish',
  'static-sh',
].flatMap((name) => [`/bin/${name}`, `/usr/bin/${name}`])

/** Copies that are remembered. */
const mostCopies = 1024

/** Programs that are shells of this machine under another name, by what they hold. */
export class ShellCopies {
  /** By the file that is a copy, as it was then, the shell. */
  readonly #known = new Map<string, string>()

  /** The shell that a file is known to be a copy of. */
  of(file: string): string | undefined {
    return this.#known.get(file)
  }

  /** What a program held is known. @returns the shell that it is a copy of; undefined: of none, or it has that name */
  held(file: string, { path, size, sha256 }: Held): string | undefined {
    if (size === null || sha256 === null) return undefined
    const shell = shells.find(
      (one) => basename(one) !== basename(path) && sizeOf(one) === size && hashOf(one) === sha256,
    )
    if (shell !== undefined && this.#known.size < mostCopies) this.#known.set(file, shell)
    return shell
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size
}

function hashOf(path: string): string | undefined {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex')
  } catch {
    // It has been taken away meanwhile.
    return undefined
  }
}
