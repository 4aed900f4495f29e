import { useMutation, useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { PolicySimulation } from '@runwarden/api'
import { grouped } from '@runwarden/report/view'
import { verdicts } from '../../../ui/alarm.ts'
import { VerdictChip } from '../../../ui/Chip.tsx'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { TextField } from '../../../ui/Field.tsx'
import { Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'

type Refusal = PolicySimulation['refused'][number]

interface Props {
  /** Whose runs they are. */
  org: string
  text: string
  /** What else the form asks for. */
  children?: ReactNode
}

/** What the text in the editor would have done to runs that were recorded. */
export function Simulation({ org, text, children }: Props) {
  const [repository, setRepository] = useState('')
  const [runs, setRuns] = useState('50')
  const repositories = useQuery({
    queryKey: ['repositories', org, 'names'],
    queryFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/repositories', {
          params: { path: { org }, query: { limit: 100 } },
        }),
      ),
  })
  const simulate = useMutation({
    mutationFn: (of: { org: string; text: string }) =>
      ask(
        api.POST('/v1/orgs/{org}/policy-simulations', {
          params: { path: { org: of.org } },
          body: {
            text: of.text,
            window: { runs: Number(runs), ...(repository === '' ? {} : { repository }) },
          },
        }),
      ),
  })
  const { data, variables } = simulate
  const names = repositories.data?.items.map((one) => one.repository) ?? []
  return (
    <Section
      id="simulation"
      title="Simulation"
      about="What this text would have refused in runs that are recorded, before it is saved."
    >
      <Form label="Simulation" onSubmit={() => simulate.mutate({ org, text })}>
        {children}
        <TextField
          label="Runs of"
          hint={`A repository; empty: all of ${org}.`}
          value={repository}
          onChange={setRepository}
          list={names}
          maxLength={201}
        />
        <TextField label="Newest runs" type="number" value={runs} onChange={setRuns} required />
        <div className="actions">
          <button disabled={simulate.isPending}>
            {simulate.isPending ? 'Simulating…' : 'Simulate'}
          </button>
        </div>
      </Form>
      <Refused error={simulate.error} />
      {data !== undefined && (
        <output className="shown-once">
          {(variables.text !== text || variables.org !== org) && (
            <p className="stale">
              {variables.org === org
                ? 'The text has changed since'
                : `These were runs of ${variables.org}`}
              : simulate again.
            </p>
          )}
          <strong>
            <Text value={data.summary} />
          </strong>
          {data.truncatedRuns > 0 && (
            <p>
              {grouped(data.truncatedRuns)} runs had more destinations than are looked at; there may
              be more.
            </p>
          )}
        </output>
      )}
      {data !== undefined && data.refused.length > 0 && (
        <DataTable
          caption="Destinations that would be refused"
          columns={columns(org)}
          rows={data.refused}
          rowKey={({ host, port, protocol }) => `${host} ${port} ${protocol}`}
        />
      )}
    </Section>
  )
}

const columns = (org: string): readonly Column<Refusal>[] => [
  {
    title: 'Destination',
    cell: ({ host, port, protocol }) => (
      <Code value={port === null ? host : `${protocol}://${host}:${port}`} />
    ),
    by: ({ host }) => host,
    wide: true,
  },
  {
    title: 'Would be',
    cell: ({ verdict }) => {
      const known = verdicts.find((one) => one === verdict)
      return known === undefined ? <Text value={verdict} /> : <VerdictChip verdict={known} />
    },
    by: ({ verdict }) => verdict,
    tight: true,
  },
  {
    title: 'Because',
    cell: ({ reason, rule }) => <Text value={rule ?? reason} />,
  },
  { title: 'In runs', cell: ({ runs }) => grouped(runs), by: ({ runs }) => runs, number: true },
  {
    title: 'The last of them',
    cell: ({ jobIds }) => {
      const last = jobIds.at(-1)
      return last === undefined ? 'not kept' : <Link to={paths.looseJob(org, last)}>Job</Link>
    },
  },
]
