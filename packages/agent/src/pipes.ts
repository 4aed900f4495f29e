/** Pipes that are remembered, and processes that write to each: beyond, the longest known go. */
const mostPipes = 8_192
const mostWriters = 1_024

/** Which processes began with a pipe as their standard output, by the pipe's inode number. */
export class Pipes {
  readonly #writers = new Map<number, Set<string>>()

  /** A process runs a program whose output is a pipe. */
  writes(pipe: number, execId: string): void {
    const writers = this.of(pipe)
    writers.delete(execId)
    writers.add(execId)
    if (writers.size > mostWriters) dropOldest(writers)
  }

  /** Who writes to a pipe: also those who will do so later. */
  of(pipe: number): Set<string> {
    const known = this.#writers.get(pipe)
    if (known !== undefined) return known
    const writers = new Set<string>()
    this.#writers.set(pipe, writers)
    if (this.#writers.size > mostPipes) dropOldest(this.#writers)
    return writers
  }
}

function dropOldest(of: { keys(): Iterator<unknown>; delete(key: never): boolean }): void {
  const oldest = of.keys().next()
  if (oldest.done !== true) of.delete(oldest.value as never)
}
