import type { Job } from '@runwarden/api'
import { Text } from '../../../ui/Text.tsx'
import { Link } from '../../Link.tsx'
import { jobPlace } from '../../places.ts'

/** A job among others of its organisation, as a link to it. */
export function JobName({ org, job }: { org: string; job: Job }) {
  const { repository, workflow } = job
  return (
    <>
      <Link className="name" to={jobPlace(org, job)}>
        <Text value={job.job ?? 'Job'} limit={120} />
      </Link>
      <div className="aside">
        <Text value={[repository, workflow].filter(Boolean).join(' · ')} limit={200} />
      </div>
    </>
  )
}
