import { useMemo } from 'react'
import { useParams } from 'react-router'
import { AddressContext } from '../../../job/address.ts'
import { JobView } from '../../../job/JobView.tsx'
import { ControlPlaneContext } from '../../../job/control-plane.ts'
import { JobContext } from '../../../job/source.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { paths } from '../../paths.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useMay } from '../../session/session.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { useTitle } from '../../shell/title.ts'
import type { JobSummary } from '@runwarden/api'
import { controlPlane } from './control-plane.ts'
import { factsOf } from './facts.ts'
import { useLiveJob } from './live-job.ts'
import { serverSource } from './server-source.ts'
import { useJobSummary } from './summary.ts'

/** A job as the server has it. */
export default function JobPage() {
  const org = useOrganisation()
  const { job = '' } = useParams()
  const summary = useJobSummary(org, job)
  useLiveJob(org, job)
  return (
    <Loaded query={summary} label="The job is loading" lines={12} whole>
      {(found) => <Shown org={org} job={found} />}
    </Loaded>
  )
}

function Shown({ org, job }: { org: string; job: JobSummary }) {
  const facts = useMemo(() => factsOf(job), [job])
  const source = useMemo(() => serverSource(org, job, facts), [org, job, facts])
  const mayEdit = useMay(org, 'editor')
  const plane = useMemo(() => controlPlane(org, job, mayEdit), [org, job, mayEdit])
  const { repository, runId } = job
  useTitle(`${facts.name}${repository === null ? '' : ` · ${repository}`}`)
  useBreadcrumb([
    { label: 'Runs', to: paths.runs(org) },
    ...(repository === null
      ? []
      : [{ label: repository.split('/')[1] ?? repository, to: paths.repository(repository) }]),
    ...(repository === null || runId === null
      ? []
      : [{ label: `Run ${runId}`, to: paths.run(repository, runId) }]),
    { label: facts.name },
  ])
  const address = useRouterAddress()
  return (
    <JobContext value={source}>
      <ControlPlaneContext value={plane}>
        <AddressContext value={address}>
          <JobView />
        </AddressContext>
      </ControlPlaneContext>
    </JobContext>
  )
}
