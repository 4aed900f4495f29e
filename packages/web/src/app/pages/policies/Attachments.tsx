import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, type PolicyAttachment } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { Confirm } from '../../../ui/Confirm.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { SelectField, TextField } from '../../../ui/Field.tsx'
import { ChangeForm } from '../../../ui/Form.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import type { Owner } from '../../owner.ts'
import { useMay } from '../../session/session.ts'
import { Paged } from '../../states/Paged.tsx'
import { attachmentsOf, attachPolicy, detachPolicy } from './asked.ts'

const levels = [
  ['organisation', 'every job of the organisation'],
  ['repository', 'a repository'],
  ['workflow', 'every job of a workflow'],
  ['job', 'one job of a workflow'],
] as const
/** The server's own policies hold everywhere. */
const serverLevels = [['cluster', 'every job of all organisations']] as const
type Level = (typeof levels | typeof serverLevels)[number][0]

/** Where a policy holds. */
export function Attachments({ owner, policy }: { owner: Owner; policy: string }) {
  const queries = useQueryClient()
  const mayChange = useMay(owner, 'editor')
  const key = ['policy-attachments', owner]
  const attachments = usePages(key, (after: string | undefined) => attachmentsOf(owner, after))
  const onChanged = () => queries.invalidateQueries({ queryKey: key })
  const detach = useMutation({
    mutationFn: (attachment: string) => detachPolicy(owner, attachment),
    onSettled: onChanged,
  })
  const rows = attachments.rows.filter((one) => one.policy === policy)
  return (
    <Section
      id="attachments"
      title="Where it holds"
      about="No workflow needs to be touched. Of several, a job's own stands before its workflow's, that before the repository's, then the organisation's and the server's."
    >
      {mayChange && <Attach owner={owner} policy={policy} onAttached={() => void onChanged()} />}
      <Refused error={detach.error} />
      {detach.error instanceof ApiError && detach.error.status === 404 && (
        <p>
          Somebody has detached it from there meanwhile, or attached another policy in its place.
          Nothing was detached now; the list is as it is by now.
        </p>
      )}
      <Paged pages={attachments} label="The attachments are loading" lines={3}>
        {rows.length === 0 && attachments.more === null ? (
          <Nothing>It holds nowhere: a job gets it only by asking for it by its name.</Nothing>
        ) : (
          <PagedTable
            caption="Where the policy holds"
            columns={columns(owner, mayChange, detach.mutate)}
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
  owner: Owner,
  mayChange: boolean,
  onDetach: (id: string) => void,
): readonly Column<PolicyAttachment>[] => [
  {
    title: 'Holds for',
    cell: (one) => <Code value={placeOf(owner, one)} />,
    by: (one) => placeOf(owner, one),
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
              of={`from ${plain(placeOf(owner, one), 120)}`}
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

function placeOf(owner: Owner, { level, repository, workflow, job }: PolicyAttachment): string {
  if (level === 'job') return `${repository} ${workflow} ${job}`
  if (level === 'workflow') return `${repository} ${workflow}`
  if (level === 'repository') return repository ?? ''
  return owner === null ? 'all organisations' : `all of ${owner}`
}

function Attach(props: { owner: Owner; policy: string; onAttached: () => void }) {
  const { owner, policy, onAttached } = props
  const [level, setLevel] = useState<Level>(owner === null ? 'cluster' : 'repository')
  const [repository, setRepository] = useState(`${owner ?? ''}/`)
  const [workflow, setWorkflow] = useState('.github/workflows/')
  const [job, setJob] = useState('')
  const attach = useMutation({
    mutationFn: () =>
      attachPolicy(
        owner,
        policy,
        level === 'job'
          ? { level, repository, workflow, job }
          : level === 'workflow'
            ? { level, repository, workflow }
            : level === 'repository'
              ? { level, repository }
              : { level },
      ),
    onSuccess: onAttached,
  })
  return (
    <ChangeForm
      label="Attach"
      change={attach}
      button="Attach it"
      note={
        <output className="hint">
          {attach.data === undefined ? (
            'What holds there now is replaced.'
          ) : attach.data.replaced === null ? (
            'It holds there now, where nothing did.'
          ) : attach.data.replaced === policy ? (
            'It holds there, as it did.'
          ) : (
            <>
              It holds there now, in place of <Text value={attach.data.replaced} />.
            </>
          )}
        </output>
      }
    >
      <SelectField
        label="Hold for"
        value={level}
        options={owner === null ? serverLevels : levels}
        onChange={setLevel}
      />
      {level !== 'organisation' && level !== 'cluster' && (
        <TextField
          label="Repository"
          value={repository}
          onChange={setRepository}
          required
          maxLength={201}
        />
      )}
      {(level === 'workflow' || level === 'job') && (
        <TextField
          label="Workflow"
          hint="Its file, or its name."
          value={workflow}
          onChange={setWorkflow}
          required
          maxLength={200}
        />
      )}
      {level === 'job' && (
        <TextField label="Job" value={job} onChange={setJob} required maxLength={200} />
      )}
    </ChangeForm>
  )
}
