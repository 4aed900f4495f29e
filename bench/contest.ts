/** One way of running a workload: bare, or under somebody's watch. */
export interface Contender {
  name: string
  /** Runs the workload once and returns the seconds that it took by its own clock. */
  run: (workload: Workload) => Promise<number>
  /** Events of the last run that were lost; without: it counts none. */
  lost?: () => number
  /** Somebody else's, who takes long to start: only in the rounds that were asked for. */
  peer?: true
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
  /** Median seconds of the first contender; of the others that times their ratio. */
  seconds: number
  /** Median, over the rounds, of the ratio to the first contender in the same round. */
  ratio: number
  /** Between which of these ratios the middle half of the rounds is. */
  half: readonly [low: number, high: number]
  target: number | null
  rounds: number
  /** Events that were lost, of all rounds together, the one that does not count included. */
  lost: number
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 1 / 2)
}

/** Between which values the middle half of all is. */
export function middleHalf(values: readonly number[]): Result['half'] {
  return [quantile(values, 1 / 4), quantile(values, 3 / 4)]
}

export const shownHalf = ([low, high]: Result['half']): string =>
  `${low.toFixed(3)}–${high.toFixed(3)}`

/** The value below which this part of all is, between two of them in proportion. @throws RangeError without any */
function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * part
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  if (low === undefined || high === undefined) throw new RangeError('no values')
  return low + (high - low) * (place % 1)
}

/** A workload that takes less, bare, has twice as many rounds: in one of them chance is a larger part. */
const shortSeconds = 4

/**
 * Runs every contender once a round, so that what else the machine does meets all alike, and
 * compares within each round. The first round warms the caches and does not count.
 * @param rounds at least; peers have no more
 */
export async function contest(
  workload: Workload,
  contenders: readonly Contender[],
  rounds: number,
): Promise<Result[]> {
  const times = contenders.map((): number[] => [])
  const lost = contenders.map(() => 0)
  let all = rounds
  for (let round = 0; round <= all; round++) {
    for (const [index, contender] of contenders.entries()) {
      if (contender.peer === true && round > rounds) continue
      const seconds = await contender.run(workload)
      if (round > 0) times[index]?.push(seconds)
      else if (index === 0 && seconds < shortSeconds) all = 2 * rounds
      lost[index] = (lost[index] ?? 0) + (contender.lost?.() ?? 0)
    }
  }
  const bare = times[0] ?? []
  const seconds = median(bare)
  return contenders.map((contender, index) => {
    const own = times[index] ?? []
    const ratios = own.map((one, round) => one / (bare[round] ?? Number.NaN))
    const ratio = median(ratios)
    return {
      workload: workload.name,
      contender: contender.name,
      seconds: ratio * seconds,
      ratio,
      half: middleHalf(ratios),
      target: contender.name.startsWith('runwarden') ? workload.target : null,
      rounds: own.length,
      lost: lost[index] ?? 0,
    }
  })
}
