import { duration } from '@runwarden/report/view'
import { absolute, instant } from '../ui/Time.tsx'

/** When something was in the job, from its start: `+1.2 s`. @param at milliseconds since 1970; null: not told */
export function Since({ at, start }: { at: number | null; start: number }) {
  if (at === null) return <span className="unknown">not told</span>
  const exact = absolute(at)
  return (
    <time dateTime={instant(at)} title={exact}>
      {at < start ? `−${duration(start - at)}` : `+${duration(at - start)}`}
      <span className="unseen"> ({exact})</span>
    </time>
  )
}
