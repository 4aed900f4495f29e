import { Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'
import { periodWords } from '../../period.ts'
import type { Part } from './OverviewPage.tsx'

/** What to do where there is nothing to see. */
export function NoJobs({ org, overview, period }: Part) {
  const quiet = overview.unprotected.quietRepositories
  if (quiet.length === 0)
    return (
      <Section id="begin" title="No job has reported here yet">
        <ol className="prose">
          <li>
            <Link to={paths.keys(org)}>Make an API key</Link> of the role agent, for runners that
            have no OIDC token of GitHub.
          </li>
          <li>
            <Link to={paths.installations(org)}>Have jobs watched</Link>: snippets for each kind of
            runner, with this server’s address filled in.
          </li>
          <li>Run a workflow: its job is here a moment after it has started.</li>
        </ol>
      </Section>
    )
  return (
    <Section
      id="quiet"
      title={`No job in the last ${periodWords[period]}`}
      about="There were jobs before. Where workflows ran since, they were not watched."
    >
      <ul className="prose">
        {quiet.map((repository) => (
          <li key={repository}>
            <Link to={paths.repository(repository)}>
              <Text value={repository} limit={160} />
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  )
}
