import type { Overview } from '@runwarden/api'
import { counted, grouped } from '@runwarden/report/view'
import { BarChart } from '../../../ui/BarChart.tsx'
import { absolute } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import type { Part } from './OverviewPage.tsx'

type Bucket = Overview['buckets'][number]

/** What happened when. */
export function Charts({ org, overview, period }: Part) {
  const { buckets, bucketMs, coverage, calls } = overview
  const times = buckets.map(({ at }) => at)
  const of = (value: (bucket: Bucket) => number): number[] => buckets.map(value)
  const refused = calls['attack-blocked'] + calls.blocked
  const detections = buckets.reduce((sum, bucket) => sum + bucket.detections, 0)
  const watched = coverage.blocking + coverage.auditing + coverage.gaps
  const when = (at: number) => (
    <Link to={paths.runs(org, { from: at, to: at + bucketMs })}>{absolute(at).slice(0, 16)}</Link>
  )
  return (
    <section className="charts bare" aria-label="Over time">
      <BarChart
        title="Jobs"
        total={
          <>
            <Link to={paths.runs(org, { period })}>{counted(overview.runs, 'run')}</Link>,{' '}
            {counted(overview.jobs, 'job')} of{' '}
            <Link to={paths.repositories(org, { period })}>
              {counted(overview.repositories, 'repository', 'repositories')}
            </Link>
          </>
        }
        times={times}
        series={[{ name: 'jobs', tone: 'neutral', values: of(({ jobs }) => jobs) }]}
        when={when}
      />
      <BarChart
        title="Detections"
        total={
          <Link to={paths.detections(org, { period })}>{counted(detections, 'detection')}</Link>
        }
        times={times}
        series={[{ name: 'detections', tone: 'would', values: of((bucket) => bucket.detections) }]}
        when={when}
      />
      <BarChart
        title="Calls not allowed"
        total={`${grouped(refused)} blocked, ${grouped(calls['would-block'])} would be`}
        times={times}
        series={[
          {
            name: 'attack-blocked',
            tone: 'attack',
            values: of((bucket) => bucket.calls['attack-blocked']),
          },
          { name: 'blocked', tone: 'blocked', values: of((bucket) => bucket.calls.blocked) },
          {
            name: 'would-block',
            tone: 'would',
            values: of((bucket) => bucket.calls['would-block']),
          },
        ]}
        when={when}
      />
      <BarChart
        title="Coverage"
        total={`${grouped(watched)} of ${counted(coverage.jobs, 'job')} watched, ${grouped(coverage.blocking)} in block mode`}
        times={times}
        series={[
          { name: 'block', tone: 'allowed', values: of(({ blocking }) => blocking) },
          { name: 'audit', tone: 'neutral', values: of(({ auditing }) => auditing) },
          { name: 'with gaps', tone: 'would', values: of(({ gaps }) => gaps) },
          { name: 'not protected', tone: 'blocked', values: of((one) => one.unprotected) },
          { name: 'not known', tone: 'missing', values: of(({ unknown }) => unknown) },
        ]}
        when={when}
      />
    </section>
  )
}
