import type { Job } from '@runwarden/api'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { StateWord } from '../../../ui/StateWord.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { JobName } from './JobName.tsx'
import { Newest } from './Newest.tsx'
import type { Part } from './OverviewPage.tsx'

export function Silent({ org, overview }: Part) {
  const { jobs, newest } = overview.silent
  return (
    <Section
      id="silent"
      title="Agents that are gone"
      count={jobs}
      about="They fell silent, or died before their jobs ended: the machine is gone, the network is, or somebody ended the agent."
    >
      {newest.length === 0 ? (
        <Nothing>None: every job that began is running, or has told its end.</Nothing>
      ) : (
        <DataTable
          caption="Agents that are gone"
          columns={columnsFor(org)}
          rows={newest}
          rowKey={({ id }) => id}
        />
      )}
      <Newest shown={newest.length} of={jobs} />
    </Section>
  )
}

const columnsFor = (org: string): readonly Column<Job>[] => [
  { title: 'Job', wide: true, cell: (job) => <JobName org={org} job={job} /> },
  {
    title: 'Runner',
    cell: ({ runnerName }) => <Text value={runnerName ?? 'unknown'} limit={80} />,
  },
  { title: 'State', tight: true, cell: ({ state }) => <StateWord state={state} /> },
  { title: 'Last heard', by: ({ heardAt }) => heardAt, cell: (job) => <Time at={job.heardAt} /> },
]
