import { plain } from '@runwarden/events/plain'
import { Link } from '../Link.tsx'
import { paths } from '../paths.ts'

/** To a job beside the run of it before; there another can be chosen. */
export function CompareLink({ org, job: { id, job } }: { org: string; job: Compared }) {
  return (
    <Link
      to={paths.compare(org, { a: id, b: 'previous' })}
      aria-label={`Compare ${plain(job ?? 'the job', 100)} with another run`}
    >
      Compare
    </Link>
  )
}

interface Compared {
  id: string
  job: string | null
}
