import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

interface Folder {
  watcher: FSWatcher
  /** Another one may have taken its place, which this watcher does not see. */
  identity: string
  /** Of it; what else happens in it is not asked for. */
  names: ReadonlySet<string>
}

/** Which file or folder is at a path now; undefined: none. */
export function identityAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}

/**
 * Tells at once that something may have come, gone or been replaced at a path, or at a folder above it. It may miss some
 * (links that lead elsewhere, a kernel that gives no more watches): look from time to time, too.
 */
export class PathWatch {
  readonly #onChange: () => void
  readonly #folders = new Map<string, Folder>()

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** Watches exactly these, as far as there are folders that lead there. Call it again after each change. */
  follow(paths: Iterable<string>): void {
    const wanted = new Map<string, Set<string>>()
    for (const path of paths) {
      for (let at = path; dirname(at) !== at; at = dirname(at)) {
        const names = wanted.get(dirname(at))
        if (names === undefined) wanted.set(dirname(at), new Set([basename(at)]))
        else names.add(basename(at))
      }
    }
    for (const folder of this.#folders.keys()) if (!wanted.has(folder)) this.#leave(folder)
    for (const [folder, names] of wanted) this.#watch(folder, names)
  }

  close(): void {
    for (const folder of this.#folders.keys()) this.#leave(folder)
  }

  #watch(path: string, names: ReadonlySet<string>): void {
    const identity = identityAt(path)
    const known = this.#folders.get(path)
    if (known !== undefined && known.identity === identity) {
      known.names = names
      return
    }
    this.#leave(path)
    if (identity === undefined) return
    try {
      const watcher = watch(path, { persistent: false })
      const folder: Folder = { watcher, identity, names }
      watcher.on('change', (_, name) => {
        if (name === null || folder.names.has(String(name))) this.#onChange()
      })
      watcher.on('error', () => this.#leave(path))
      this.#folders.set(path, folder)
    } catch {
      // It has gone meanwhile, or the kernel has no more watches: who looks from time to time sees it.
    }
  }

  #leave(path: string): void {
    this.#folders.get(path)?.watcher.close()
    this.#folders.delete(path)
  }
}
