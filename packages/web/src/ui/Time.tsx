import { useEffect, useState } from 'react'

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** How long ago, and when exactly. @param at milliseconds since 1970 */
export function Time({ at }: { at: number }) {
  const now = useNow(10_000)
  const past = at - now
  const [unit, size] =
    units.find(([, size]) => Math.abs(past) >= size) ?? (['second', 1000] as const)
  const exact = absolute(at)
  return (
    <time dateTime={new Date(at).toISOString()} title={exact}>
      {Math.abs(past) > 30 * 86_400_000
        ? exact.slice(0, 10)
        : relative.format(Math.round(past / size), unit)}
      <span className="unseen"> ({exact})</span>
    </time>
  )
}

/** `2026-01-31 12:00:00 UTC` */
export const absolute = (at: number): string =>
  `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`

function useNow(every: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
