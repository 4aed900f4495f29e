/** One way of running a workload: bare, or under somebody's watch. */
export interface Contender {
  name: string
  /** Runs the workload once and returns the seconds that it took by its own clock. */
  run: (workload: Workload) => Promise<number>
  /** Events of the last run that were lost; without: it counts none. */
  lost?: () => number
}

export interface Workload {
  name: string
  /** What the ratio to bare should be at most; null: none is set. */
  target: number | null
  command: readonly [string, ...string[]]
  /** Where the command runs: each run finds it as the first did. */
  cwd: string
  /** False: only with and without the product. */
  peers?: false
}

export interface Result {
  workload: string
  contender: string
  /** Median seconds. */
  seconds: number
  /** Median, over the rounds, of the ratio to the first contender in the same round. */
  ratio: number
  target: number | null
  rounds: number
  /** Events that were lost, of all rounds together, the one that does not count included. */
  lost: number
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  if (low === undefined || high === undefined) throw new RangeError('no values')
  return (low + high) / 2
}

/**
 * Runs every contender once a round, so that what else the machine does meets all alike, and
 * compares within each round. The first round warms the caches and does not count.
 */
export async function contest(
  workload: Workload,
  contenders: readonly Contender[],
  rounds: number,
): Promise<Result[]> {
  const times = contenders.map((): number[] => [])
  const lost = contenders.map(() => 0)
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const seconds = await contender.run(workload)
      if (round > 0) times[index]?.push(seconds)
      lost[index] = (lost[index] ?? 0) + (contender.lost?.() ?? 0)
    }
  }
  const bare = times[0] ?? []
  return contenders.map((contender, index) => {
    const own = times[index] ?? []
    return {
      workload: workload.name,
      contender: contender.name,
      seconds: median(own),
      ratio: median(own.map((seconds, round) => seconds / (bare[round] ?? Number.NaN))),
      target: contender.name.startsWith('runwarden') ? workload.target : null,
      rounds,
      lost: lost[index] ?? 0,
    }
  })
}
