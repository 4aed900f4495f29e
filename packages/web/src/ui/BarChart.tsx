import type { ReactNode } from 'react'
import { grouped } from '@runwarden/report/view'
import { absolute } from './Time.tsx'

export interface Series {
  name: string
  /** Of styles/chart.css. */
  tone: 'neutral' | 'blocked' | 'attack' | 'would' | 'allowed' | 'missing'
  values: readonly number[]
}

interface Props {
  title: string
  /** The sum of the period, in words; may be a link. */
  total: ReactNode
  /** When each bucket begins, milliseconds since 1970. */
  times: readonly number[]
  /** From the bottom up. */
  series: readonly Series[]
  /** In the table, of a bucket: a link to what is behind it. */
  when?: (at: number, index: number) => ReactNode
}

const width = 480
const height = 88

/** Counts over time as bars; the same figures as a table below, for whoever can't see or wants them exactly. */
export function BarChart({ title, total, times, series, when }: Props) {
  const sums = times.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0))
  const most = Math.max(1, ...sums)
  const step = width / Math.max(1, times.length)
  const shown = series.filter(({ values }) => values.some((value) => value > 0))
  return (
    <figure className="chart">
      <figcaption>
        <h2>{title}</h2>
        <span>{total}</span>
      </figcaption>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title} over time: at most ${grouped(Math.max(0, ...sums))}; the figures are in the table below`}
      >
        {times.map((at, i) => {
          let below = 0
          return (
            <g key={at}>
              <title>{`${absolute(at)}: ${series.map(({ name, values }) => `${grouped(values[i] ?? 0)} ${name}`).join(', ')}`}</title>
              <rect className="hit" x={i * step} y={0} width={step} height={height} />
              {series.map(({ name, tone, values }) => {
                const size = ((values[i] ?? 0) / most) * (height - 4)
                if (size === 0) return null
                below += size
                return (
                  <rect
                    key={name}
                    className={`tone-${tone}`}
                    x={i * step + 1}
                    y={height - below}
                    width={Math.max(1, step - 2)}
                    height={size}
                  />
                )
              })}
            </g>
          )
        })}
      </svg>
      <div className="chart-axis">
        <span>{day(times[0])}</span>
        <span className="legend">
          {shown.length > 1 &&
            shown.map(({ name, tone }) => (
              <span key={name}>
                <i className={`tone-${tone}`} aria-hidden="true" /> {name}
              </span>
            ))}
        </span>
        <span>now</span>
      </div>
      <details>
        <summary>Figures</summary>
        {/* What scrolls must be in reach of the keyboard. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <section className="table" aria-label={`${title}, figures, scrollable`} tabIndex={0}>
          <table>
            <caption className="unseen">{title}</caption>
            <thead>
              <tr>
                <th scope="col">From</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" className="number">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((at, i) => (
                <tr key={at}>
                  <th scope="row">{when === undefined ? absolute(at) : when(at, i)}</th>
                  {series.map(({ name, values }) => (
                    <td key={name} className="number">
                      {grouped(values[i] ?? 0)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </figure>
  )
}

const day = (at: number | undefined): string => (at === undefined ? '' : absolute(at).slice(0, 16))
