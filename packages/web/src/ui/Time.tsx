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
    <time dateTime={instant(at)} title={exact}>
      {Math.abs(past) > 30 * 86_400_000
        ? exact.replace(/ \S+ UTC$/, '')
        : relative.format(Math.round(past / size), unit)}
      <span className="unseen"> ({exact})</span>
    </time>
  )
}

/** For machines; undefined: no calendar has it. A job may say any number. */
export function instant(at: number): string | undefined {
  const date = new Date(at)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** `2026-01-31 12:00:00 UTC` */
export function absolute(at: number): string {
  const [day, time] = instant(at)?.split('T') ?? []
  return time === undefined ? 'no time' : `${day} ${time.slice(0, 8)} UTC`
}

function useNow(every: number): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
