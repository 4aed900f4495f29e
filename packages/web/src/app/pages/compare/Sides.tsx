import type { JobSummary } from '@runwarden/api'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { useRouterAddress } from '../../router-address.ts'
import { OtherRun } from './OtherRun.tsx'

interface Props {
  org: string
  here: JobSummary
  /** null: the runs before `here`. */
  there: JobSummary | null
}

/** Which two are compared, and the way to compare others. */
export function Sides({ org, here, there }: Props) {
  const { get } = useRouterAddress()
  const of = get('of')
  return (
    <>
      <dl className="sides">
        <div>
          <dt>A</dt>
          <dd>
            <Named org={org} job={here} />
          </dd>
        </div>
        <div>
          <dt>B</dt>
          <dd>
            {there === null ? (
              'its last 100 finished runs before it'
            ) : (
              <Named org={org} job={there} />
            )}
          </dd>
        </div>
      </dl>
      <p className="inline">
        <OtherRun org={org} here={here} />
        {there !== null && (
          <>
            <Link to={paths.compare(org, { a: there.id, b: here.id, of })}>Swap A and B</Link>
            <Link to={paths.compare(org, { a: there.id, b: 'previous', of })}>
              B with the run before it
            </Link>
          </>
        )}
      </p>
    </>
  )
}

function Named({ org, job }: { org: string; job: JobSummary }) {
  const { id, repository, workflow, runId, job: name, startedAt, state, exit } = job
  const to =
    repository === null || runId === null
      ? paths.looseJob(org, id)
      : paths.job(repository, runId, id)
  return (
    <>
      <Link to={to}>
        <Text value={name ?? 'Job'} limit={80} />
      </Link>{' '}
      <span className="aside">
        <Text
          value={[repository, workflow, runId === null ? null : `run ${runId}`]
            .filter((part) => part !== null)
            .join(' · ')}
          limit={160}
        />{' '}
        · <Time at={startedAt} /> · {state}
        {exit !== null && exit !== 0 && `, exit status ${exit}`}
      </span>
    </>
  )
}
