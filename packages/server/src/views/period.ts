import { z } from 'zod'

const hourMs = 3_600_000

const periods = {
  '24h': { ms: 24 * hourMs, bucketMs: hourMs },
  '7d': { ms: 7 * 24 * hourMs, bucketMs: 6 * hourMs },
  '30d': { ms: 30 * 24 * hourMs, bucketMs: 24 * hourMs },
} as const

/** The time up to now that an overview is of. */
export const Period = z.enum(Object.keys(periods) as [keyof typeof periods]).default('7d')

export interface Span {
  /** Milliseconds since 1970. */
  from: number
  to: number
  bucketMs: number
}

export function spanOf(period: z.output<typeof Period>, now: number): Span {
  const { ms, bucketMs } = periods[period]
  return { from: now - ms, to: now, bucketMs }
}
