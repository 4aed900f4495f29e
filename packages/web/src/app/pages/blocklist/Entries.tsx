import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, type BlockListEntry } from '@runwarden/api'
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
import { inDays } from '../../period.ts'
import { useMay } from '../../session/session.ts'
import { Paged } from '../../states/Paged.tsx'
import { addEntry, entriesOf, removeEntry } from './asked.ts'

/** Entries of the organisation itself, or of the server. */
export function Entries({ owner }: { owner: Owner }) {
  const queries = useQueryClient()
  const mayChange = useMay(owner, 'editor')
  const key = ['blocklist-entries', owner]
  const entries = usePages(key, (after: string | undefined) => entriesOf(owner, after))
  const onChanged = () => queries.invalidateQueries({ queryKey: key })
  const remove = useMutation({
    mutationFn: (entry: string) => removeEntry(owner, entry),
    onSettled: onChanged,
  })
  return (
    <Section id="entries" title="Entries">
      {mayChange && <NewEntry owner={owner} onAdded={() => void onChanged()} />}
      <Refused error={remove.error} />
      <Paged pages={entries} label="The entries are loading">
        {entries.rows.length === 0 ? (
          <Nothing>
            {owner === null
              ? 'The server has no entries of its own. Those of feeds, and of organisations for their jobs, hold all the same.'
              : `${owner} has no entries of its own. Those of the server and of feeds hold all the same.`}
          </Nothing>
        ) : (
          <PagedTable
            caption="Entries of the block list"
            columns={columns(mayChange, remove.mutate)}
            rows={entries.rows}
            rowKey={({ id }) => id}
            more={entries.more}
            moreComes={entries.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

/** What the table shows of each. */
const columns = (
  mayChange: boolean,
  onRemove: (id: string) => void,
): readonly Column<BlockListEntry>[] => [
  {
    title: 'Blocked',
    cell: ({ value }) => <Code value={value} />,
    by: ({ value }) => value,
    wide: true,
  },
  {
    title: 'Why',
    cell: ({ reason, reference }) => (
      <>
        <Text value={reason} />
        {reference !== null && (
          <div className="by">
            <a href={reference} rel="noreferrer noopener" target="_blank">
              <Text value={reference} limit={120} />
            </a>
          </div>
        )}
      </>
    ),
    by: ({ reason }) => reason,
  },
  {
    title: 'Added',
    cell: ({ addedAt, addedBy }) => (
      <>
        <Time at={addedAt} /> by <Text value={addedBy} />
      </>
    ),
    by: ({ addedAt }) => addedAt,
  },
  {
    title: 'Expires',
    cell: ({ expiresAt }) =>
      expiresAt === null ? (
        'never'
      ) : (
        <>
          <Time at={expiresAt} />
          {expiresAt <= Date.now() && <span className="tag">no longer blocked</span>}
        </>
      ),
    by: ({ expiresAt }) => expiresAt ?? Infinity,
    tight: true,
  },
  ...(mayChange
    ? [
        {
          title: 'Actions',
          cell: ({ id, value }: BlockListEntry) => (
            <Confirm label="Remove" of={plain(value, 100)} onConfirm={() => onRemove(id)}>
              Jobs may reach it again, where their policies allow it; those that run are told within
              seconds.
            </Confirm>
          ),
        },
      ]
    : []),
]

const lives = [
  ['', 'until it is removed'],
  ['7', 'for 7 days'],
  ['30', 'for 30 days'],
  ['365', 'for a year'],
] as const

function NewEntry({ owner, onAdded }: { owner: Owner; onAdded: () => void }) {
  const [value, setValue] = useState('')
  const [reason, setReason] = useState('')
  const [reference, setReference] = useState('')
  const [days, setDays] = useState<(typeof lives)[number][0]>('')
  const written = () => ({
    value: value.trim(),
    reason,
    reference: reference === '' ? null : reference,
    expiresAt: days === '' ? null : inDays(Number(days)),
  })
  const add = useMutation({
    mutationFn: ({ entry, replace }: { entry: ReturnType<typeof written>; replace: boolean }) =>
      addEntry(owner, entry, replace),
    onSuccess: () => {
      setValue('')
      setReason('')
      setReference('')
      onAdded()
    },
  })
  const isListed = add.error instanceof ApiError && add.error.code === 'already-listed'
  return (
    <>
      <ChangeForm
        label="New entry"
        change={{ ...add, mutate: () => add.mutate({ entry: written(), replace: false }) }}
        button="Block it"
      >
        <TextField
          label="Name or address"
          hint="evil.example, *.evil.example, 203.0.113.9, 203.0.113.0/24"
          value={value}
          onChange={setValue}
          required
          maxLength={300}
        />
        <TextField label="Reason" value={reason} onChange={setReason} required maxLength={200} />
        <TextField
          label="Reference"
          hint="A link, where there is one."
          type="url"
          value={reference}
          onChange={setReference}
          maxLength={500}
        />
        <SelectField label="Blocked" value={days} options={lives} onChange={setDays} />
      </ChangeForm>
      {isListed && add.variables !== undefined && (
        <div className="banner">
          <span>
            In its place would stand:{' '}
            {add.variables.entry.expiresAt === null ? (
              'for good'
            ) : (
              <>
                until <Time at={add.variables.entry.expiresAt} />
              </>
            )}
            : <Text value={add.variables.entry.reason} />
            {add.variables.entry.reference !== null && (
              <>
                {' '}
                (<Text value={add.variables.entry.reference} />)
              </>
            )}
            .
          </span>
          <button
            type="button"
            onClick={() => add.mutate({ entry: add.variables.entry, replace: true })}
          >
            Replace it
          </button>
        </div>
      )}
    </>
  )
}
