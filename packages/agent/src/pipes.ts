/** Pipes that are remembered, and processes at each end of one: beyond, the longest known go. */
const mostPipes = 8_192
const mostAtEnd = 1_024

/** Who is at one end of each pipe: processes that began with it as their standard output, or as their standard input; by its inode number. */
export class PipeEnds {
  readonly #ends = new Map<number, Set<string>>()

  /** A process runs a program that has this end of a pipe. */
  has(pipe: number, execId: string): void {
    const ids = this.of(pipe)
    ids.delete(execId)
    ids.add(execId)
    if (ids.size > mostAtEnd) dropOldest(ids)
  }

  /** Who is at this end of a pipe: also those who will be later. */
  of(pipe: number): Set<string> {
    const known = this.#ends.get(pipe)
    if (known !== undefined) return known
    const ids = new Set<string>()
    this.#ends.set(pipe, ids)
    if (this.#ends.size > mostPipes) dropOldest(this.#ends)
    return ids
  }
}

function dropOldest(of: { keys(): Iterator<unknown>; delete(key: never): boolean }): void {
  const oldest = of.keys().next()
  if (oldest.done !== true) of.delete(oldest.value as never)
}
