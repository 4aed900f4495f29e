import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import type { PolicyAttachment } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { Confirm } from '../../../ui/Confirm.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { SelectField, TextField } from '../../../ui/Field.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { useMay } from '../../session/session.ts'
import { Paged } from '../../states/Paged.tsx'

const levels = [
  ['organisation', 'every job of the organisation'],
  ['repository', 'a repository'],
  ['job', 'one job of a workflow'],
] as const
type Level = (typeof levels)[number][0]

/** Where a policy holds. */
export function Attachments({ org, policy }: { org: string; policy: string }) {
  const queries = useQueryClient()
  const mayChange = useMay(org, 'editor')
  const key = ['policy-attachments', org]
  const attachments = usePages(key, (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/policy-attachments', {
        params: { path: { org }, query: { limit: 500, ...(after === undefined ? {} : { after }) } },
      }),
    ),
  )
  const onChanged = () => queries.invalidateQueries({ queryKey: key })
  const detach = useMutation({
    mutationFn: (attachment: string) =>
      ask(
        api.DELETE('/v1/orgs/{org}/policy-attachments/{attachment}', {
          params: { path: { org, attachment } },
        }),
      ),
    onSettled: onChanged,
  })
  const rows = attachments.rows.filter((one) => one.policy === policy)
  return (
    <Section
      id="attachments"
      title="Where it holds"
      about="No workflow needs to be touched. Of several, a job's own stands before its repository's, and that before the organisation's."
    >
      {mayChange && <Attach org={org} policy={policy} onAttached={() => void onChanged()} />}
      <Refused error={detach.error} />
      <Paged pages={attachments} label="The attachments are loading" lines={3}>
        {rows.length === 0 && attachments.more === null ? (
          <Nothing>It holds nowhere: a job gets it only by asking for it by its name.</Nothing>
        ) : (
          <PagedTable
            caption="Where the policy holds"
            columns={columns(org, mayChange, detach.mutate)}
            rows={rows}
            rowKey={({ id }) => id}
            more={attachments.more}
            moreComes={attachments.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

/** What the table shows of each. */
const columns = (
  org: string,
  mayChange: boolean,
  onDetach: (id: string) => void,
): readonly Column<PolicyAttachment>[] => [
  {
    title: 'Holds for',
    cell: (one) => <Code value={placeOf(org, one)} />,
    by: (one) => placeOf(org, one),
    wide: true,
  },
  { title: 'Level', cell: ({ level }) => level, by: ({ level }) => level, tight: true },
  {
    title: 'Since',
    cell: ({ createdAt, createdBy }) => (
      <>
        <Time at={createdAt} /> by <Text value={createdBy} />
      </>
    ),
    by: ({ createdAt }) => createdAt,
  },
  ...(mayChange
    ? [
        {
          title: 'Actions',
          cell: (one: PolicyAttachment) => (
            <Confirm
              label="Detach"
              of={`from ${plain(placeOf(org, one), 120)}`}
              onConfirm={() => onDetach(one.id)}
            >
              Jobs get what is attached at the levels below, or nothing. Jobs that run are told
              within seconds.
            </Confirm>
          ),
        },
      ]
    : []),
]

function placeOf(org: string, { level, repository, workflow, job }: PolicyAttachment): string {
  if (level === 'job') return `${repository} ${workflow} ${job}`
  return level === 'repository' ? (repository ?? '') : `all of ${org}`
}

function Attach(props: { org: string; policy: string; onAttached: () => void }) {
  const { org, policy, onAttached } = props
  const [level, setLevel] = useState<Level>('repository')
  const [repository, setRepository] = useState(`${org}/`)
  const [workflow, setWorkflow] = useState('.github/workflows/')
  const [job, setJob] = useState('')
  const attach = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/orgs/{org}/policy-attachments', {
          params: { path: { org } },
          body: {
            policy,
            target:
              level === 'organisation'
                ? { level }
                : level === 'repository'
                  ? { level, repository }
                  : { level, repository, workflow, job },
          },
        }),
      ),
    onSuccess: onAttached,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    attach.mutate()
  }
  return (
    <form className="form" onSubmit={submit} aria-label="Attach">
      <SelectField label="Hold for" value={level} options={levels} onChange={setLevel} />
      {level !== 'organisation' && (
        <TextField
          label="Repository"
          value={repository}
          onChange={setRepository}
          required
          maxLength={201}
        />
      )}
      {level === 'job' && (
        <>
          <TextField
            label="Workflow"
            hint="Its file, or its name."
            value={workflow}
            onChange={setWorkflow}
            required
            maxLength={200}
          />
          <TextField label="Job" value={job} onChange={setJob} required maxLength={200} />
        </>
      )}
      <div className="actions">
        <button className="primary" disabled={attach.isPending}>
          Attach it
        </button>
        <span className="hint">What holds there now is replaced.</span>
      </div>
      <Refused error={attach.error} />
    </form>
  )
}
