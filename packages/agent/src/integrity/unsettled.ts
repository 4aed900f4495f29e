/** Files that are looked at again when who changed them last has ended. Beyond these, none is added. */
const mostUnsettled = 2_000

/** Changed files, by path and by who changed them last. */
export class Unsettled<Last extends { actor: { execId: string } }> {
  readonly #files = new Map<string, Last>()
  /** Also paths that somebody else has changed since. */
  readonly #pathsOf = new Map<string, string[]>()

  add(path: string, last: Last): void {
    if (this.#files.size >= mostUnsettled) return
    this.#files.set(path, last)
    const { execId } = last.actor
    const paths = this.#pathsOf.get(execId)
    if (paths === undefined) this.#pathsOf.set(execId, [path])
    else paths.push(path)
  }

  /** Takes those that a process changed last. */
  of(execId: string): [path: string, last: Last][] {
    const paths = this.#pathsOf.get(execId)
    if (paths === undefined) return []
    this.#pathsOf.delete(execId)
    return paths.flatMap((path): [string, Last][] => {
      const last = this.#files.get(path)
      if (last?.actor.execId !== execId) return []
      this.#files.delete(path)
      return [[path, last]]
    })
  }

  /** Takes all. */
  all(): [path: string, last: Last][] {
    const all = [...this.#files]
    this.#files.clear()
    this.#pathsOf.clear()
    return all
  }
}
