import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiKey } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { counted } from '@runwarden/report/view'
import { Command } from '../../../ui/Command.tsx'
import { Confirm } from '../../../ui/Confirm.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { SelectField, TextField } from '../../../ui/Field.tsx'
import { Form } from '../../../ui/Form.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { useLiveQueries } from '../../live-queries.ts'
import { inDays } from '../../period.ts'
import { useMay } from '../../session/session.ts'
import { Paged } from '../../states/Paged.tsx'
import { useOrganisation } from '../../shell/organisation.ts'
import { Frame } from './Frame.tsx'

const roles = [
  ['agent', 'agent: only starts jobs'],
  ['viewer', 'viewer: reads'],
  ['editor', 'editor: also policies, block list, detections'],
  ['admin', 'admin: everything'],
] as const
const lives = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', 'a year'],
  ['', 'until it is revoked'],
] as const

/** API keys: for agents, and for programs. */
export default function Keys() {
  const org = useOrganisation()
  const mayMake = useMay(org, 'admin')
  const queries = useQueryClient()
  const key = ['keys', org]
  // How many jobs run is what a person decides by.
  useLiveQueries(org, ['keys'], ['job'])
  const keys = usePages(key, (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/keys', {
        params: { path: { org }, query: after === undefined ? {} : { after } },
      }),
    ),
  )
  const revoke = useMutation({
    mutationFn: (id: string) =>
      ask(api.DELETE('/v1/orgs/{org}/keys/{key}', { params: { path: { org, key: id } } })),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  })
  return (
    <Frame title="API keys">
      {mayMake && (
        <NewKey org={org} onMade={() => void queries.invalidateQueries({ queryKey: key })} />
      )}
      <Section id="keys" title="Keys">
        <Refused error={revoke.error} />
        <Paged pages={keys} label="The keys are loading">
          {keys.rows.length === 0 ? (
            <Nothing>
              There is no key yet. An agent needs one of the role agent, unless its jobs run on
              GitHub with the permission id-token: write.
            </Nothing>
          ) : (
            <PagedTable
              caption="API keys"
              columns={columns(revoke.mutate)}
              rows={keys.rows}
              rowKey={({ id }) => id}
              more={keys.more}
              moreComes={keys.moreComes}
            />
          )}
        </Paged>
      </Section>
    </Frame>
  )
}

/** What the table shows of each. */
const columns = (onRevoke: (id: string) => void): readonly Column<ApiKey>[] => [
  {
    title: 'Name',
    cell: ({ name }) => <Text value={name} />,
    by: ({ name }) => name,
    wide: true,
  },
  { title: 'Role', cell: ({ role }) => role, by: ({ role }) => role, tight: true },
  { title: 'Begins with', cell: ({ hint }) => <Code value={hint} />, tight: true },
  {
    title: 'Made',
    cell: ({ createdAt, createdBy }) => (
      <>
        <Time at={createdAt} />
        <div className="by">
          by <Text value={createdBy} limit={40} />
        </div>
      </>
    ),
    by: ({ createdAt }) => createdAt,
    tight: true,
  },
  {
    title: 'Last used',
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Time at={lastUsedAt} />),
    by: ({ lastUsedAt }) => lastUsedAt ?? 0,
    tight: true,
  },
  {
    title: 'Expires',
    cell: ({ expiresAt }) => (expiresAt === null ? 'never' : <Time at={expiresAt} />),
    by: ({ expiresAt }) => expiresAt ?? Infinity,
    tight: true,
  },
  {
    title: 'Actions',
    cell: ({ id, name, running }) => (
      <Confirm label="Revoke" of={plain(name, 100)} onConfirm={() => onRevoke(id)}>
        Whoever uses this key is refused from now on.{' '}
        <strong>
          {running === 0
            ? 'No job that was started with it runs now.'
            : `${counted(running, 'job')} that ${running === 1 ? 'was' : 'were'} started with it and ${running === 1 ? 'has' : 'have'} not ended ${running === 1 ? 'loses' : 'lose'} the server, too:`}
        </strong>
        {running > 0 &&
          ' what they do is not seen here any more, and changes of policies and of the block list do not reach them.'}
      </Confirm>
    ),
  },
]

function NewKey({ org, onMade }: { org: string; onMade: () => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof roles)[number][0]>('agent')
  const [days, setDays] = useState<(typeof lives)[number][0]>('90')
  const create = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/orgs/{org}/keys', {
          params: { path: { org } },
          body: {
            name,
            role,
            expiresAt: days === '' ? null : inDays(Number(days)),
          },
        }),
      ),
    onSuccess: () => {
      setName('')
      onMade()
    },
  })
  const secret = create.data?.key
  return (
    <Section id="new" title="New key">
      <Form onSubmit={create.mutate}>
        <TextField
          label="Name of the key"
          hint="Where it is used: people find it again by this."
          value={name}
          onChange={setName}
          required
          maxLength={200}
        />
        <SelectField label="Role" value={role} options={roles} onChange={setRole} />
        <SelectField label="Valid" value={days} options={lives} onChange={setDays} />
        <div className="actions">
          <button className="primary" disabled={create.isPending}>
            Make the key
          </button>
        </div>
      </Form>
      <Refused error={create.error} />
      {secret !== undefined && (
        <output className="shown-once">
          <strong>This is shown once.</strong> The server keeps only its hash.
          <Command label="The key" text={secret} />
          {role === 'agent' && (
            <Command
              label="A run with it"
              text={`runwarden run --server ${location.origin} --api-key ${secret} -- make test`}
            />
          )}
        </output>
      )}
    </Section>
  )
}
