import { duration } from '@runwarden/report/view'

const steps = [1, 2, 5]

/** Round times, about so many, from 0 to `span` milliseconds. */
export function ticks(span: number, about = 6): number[] {
  const rough = span / about
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  const size = steps.map((step) => step * power).find((step) => step >= rough) ?? power * 10
  return Array.from({ length: Math.floor(span / size) + 1 }, (_, index) => index * size)
}

export function Axis({ span }: { span: number }) {
  return (
    <div className="axis" aria-hidden="true">
      {ticks(span).map((time) => (
        <span key={time} style={{ left: `${(time / span) * 100}%` }}>
          {duration(time)}
        </span>
      ))}
    </div>
  )
}
