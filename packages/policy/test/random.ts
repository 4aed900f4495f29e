/** Seeded random numbers (mulberry32), so that a failure can be repeated. */
export function random(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
  const many = <T>(from: number, to: number, make: () => T): T[] =>
    Array.from({ length: from + below(to - from + 1) }, make)
  return { below, pick, many }
}

/** The message of what a function throws, its class checked; `none` when it throws nothing. */
export function messageOf(act: () => unknown, expected: new (...args: never[]) => Error): string {
  try {
    act()
  } catch (error) {
    if (error instanceof expected) return error.message
    throw error
  }
  return 'none'
}
