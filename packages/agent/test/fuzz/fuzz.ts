import { kept } from './corpus.ts'
import { mutate, numbers } from './mutate.ts'
import type { Target } from './target.ts'

/** Inputs that mutations begin from: beyond, the oldest that was found is left. */
const POOL = 4096

export interface Outcome {
  runs: number
  /** Inputs that made something new happen, the shortest for each. */
  found: Map<string, Buffer>
  /** The run that took most of the processor's time. */
  slowest: { ms: number; input: Buffer }
}

/** An input for which something does not hold. */
export class Failed extends Error {
  readonly input: Buffer

  constructor(target: string, input: Buffer, cause: unknown) {
    super(`${target}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`, {
      cause,
    })
    this.name = 'Failed'
    this.input = input
  }
}

/**
 * Runs a target's seeds, what is kept of it, and mutations of both.
 * @param goOn asked before each mutation
 * @throws Failed
 */
export async function fuzz(
  target: Target,
  seed: number,
  goOn: (runs: number) => boolean,
): Promise<Outcome> {
  const next = numbers(seed)
  const pool = [...(await target.seeds()), ...kept(target.name).map(({ input }) => input)]
  const known = new Set<string>()
  const found = new Map<string, Buffer>()
  const outcome: Outcome = { runs: 0, found, slowest: { ms: 0, input: Buffer.alloc(0) } }
  const run = (input: Buffer): string => {
    outcome.runs++
    const since = process.threadCpuUsage()
    try {
      return target.run(input)
    } catch (error) {
      throw new Failed(target.name, input, error)
    } finally {
      const { user, system } = process.threadCpuUsage(since)
      const ms = (user + system) / 1000
      if (ms > outcome.slowest.ms) outcome.slowest = { ms, input }
    }
  }
  for (const input of pool) known.add(run(input))
  while (goOn(outcome.runs)) {
    const input = mutate(
      pool[next(pool.length)] ?? Buffer.alloc(0),
      pool[next(pool.length)] ?? Buffer.alloc(0),
      target.words ?? [],
      next,
    )
    const answer = run(input)
    const before = found.get(answer)
    if (known.has(answer) && (before === undefined || before.length <= input.length)) continue
    known.add(answer)
    found.set(answer, input)
    if (pool.length < POOL) pool.push(input)
    else pool[next(pool.length)] = input
  }
  return outcome
}
