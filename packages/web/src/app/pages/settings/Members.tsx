import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Invitation, Member } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { Command } from '../../../ui/Command.tsx'
import { Confirm } from '../../../ui/Confirm.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { SelectField, TextField } from '../../../ui/Field.tsx'
import { Form } from '../../../ui/Form.tsx'
import { PagedTable } from '../../../ui/PagedTable.tsx'
import { usePages } from '../../../ui/pages.ts'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import { api, ask } from '../../api.ts'
import { useMay } from '../../session/session.ts'
import { useOrganisation } from '../../shell/organisation.ts'
import { Paged } from '../../states/Paged.tsx'
import { Frame } from './Frame.tsx'

const roles = ['viewer', 'editor', 'admin'] as const
type Role = (typeof roles)[number]
const roleOptions = [
  ['viewer', 'viewer: reads'],
  ['editor', 'editor: also policies, block list, detections'],
  ['admin', 'admin: everything'],
] as const

/** Who belongs to the organisation, and who is invited. */
export default function Members() {
  const org = useOrganisation()
  const isAdmin = useMay(org, 'admin')
  return (
    <Frame title="Members">
      <People org={org} isAdmin={isAdmin} />
      {isAdmin && <Invitations org={org} />}
    </Frame>
  )
}

function People({ org, isAdmin }: { org: string; isAdmin: boolean }) {
  const queries = useQueryClient()
  const key = ['members', org]
  const members = usePages(key, (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/members', {
        params: { path: { org }, query: after === undefined ? {} : { after } },
      }),
    ),
  )
  const onSettled = () => queries.invalidateQueries({ queryKey: key })
  const change = useMutation({
    mutationFn: ({ user, role }: NewRole) =>
      ask(
        api.PUT('/v1/orgs/{org}/members/{user}', {
          params: { path: { org, user } },
          body: { role },
        }),
      ),
    onSettled,
  })
  const remove = useMutation({
    mutationFn: (user: string) =>
      ask(api.DELETE('/v1/orgs/{org}/members/{user}', { params: { path: { org, user } } })),
    onSettled,
  })
  return (
    <Section id="members" title="Members">
      <Refused error={change.error ?? remove.error} />
      {change.isSuccess && (
        <output className="hint">
          <Text value={change.variables.name} /> is {change.variables.role} now.
        </output>
      )}
      <Paged pages={members} label="The members are loading">
        {members.rows.length === 0 ? (
          <Nothing>
            Nobody is a member yet. Administrators of the server see every organisation without
            being one.
          </Nothing>
        ) : (
          <PagedTable
            caption="Members"
            columns={memberColumns({
              org,
              isAdmin,
              onChange: change.mutate,
              onRemove: remove.mutate,
            })}
            rows={members.rows}
            rowKey={({ id }) => id}
            more={members.more}
            moreComes={members.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

interface NewRole {
  user: string
  name: string
  role: Role
}

interface MemberActions {
  org: string
  isAdmin: boolean
  onChange: (of: NewRole) => void
  onRemove: (user: string) => void
}

/** What the table shows of each. */
const memberColumns = ({
  org,
  isAdmin,
  onChange,
  onRemove,
}: MemberActions): readonly Column<Member>[] => [
  {
    title: 'Name',
    cell: ({ name }) => <Text value={name} />,
    by: ({ name }) => name,
    wide: true,
  },
  {
    title: 'Signs in by',
    cell: ({ issuer }) => (issuer === 'local' ? 'a link' : <Text value={issuer} />),
    by: ({ issuer }) => issuer,
  },
  {
    title: 'Role',
    cell: ({ id, name, role }) =>
      isAdmin ? (
        <RoleOf
          name={name}
          role={role}
          onChange={(chosen) => onChange({ user: id, name, role: chosen })}
        />
      ) : (
        role
      ),
    by: ({ role }) => role,
    tight: true,
  },
  ...(isAdmin
    ? [
        {
          title: 'Actions',
          cell: ({ id, name }: Member) => (
            <Confirm label="Take out" of={plain(name, 100)} onConfirm={() => onRemove(id)}>
              This person sees nothing of {org} any more, from the next page on. What they have
              changed stays, and the audit log has their name.
            </Confirm>
          ),
        },
      ]
    : []),
]

interface RoleOfProps {
  name: string
  role: Role
  onChange: (role: Role) => void
}

/** A role is chosen first, and given by a button that asks: by the keyboard one passes others on the way. */
function RoleOf({ name, role, onChange }: RoleOfProps) {
  const [chosen, setChosen] = useState<Role | null>(null)
  const who = plain(name, 100)
  return (
    <span className="actions">
      <select
        aria-label={`Role of ${who}`}
        value={chosen ?? role}
        onChange={({ target }) => setChosen(roles.find((one) => one === target.value) ?? null)}
      >
        {roles.map((one) => (
          <option key={one}>{one}</option>
        ))}
      </select>
      {chosen !== null && chosen !== role && (
        <Confirm
          label="Change"
          of={`${who} from ${role} to ${chosen}`}
          onConfirm={() => {
            setChosen(null)
            onChange(chosen)
          }}
        >
          It holds from the next page on, in every session of this person.
        </Confirm>
      )}
    </span>
  )
}

function Invitations({ org }: { org: string }) {
  const queries = useQueryClient()
  const key = ['invitations', org]
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const invitations = usePages(key, (after: string | undefined) =>
    ask(
      api.GET('/v1/orgs/{org}/invitations', {
        params: { path: { org }, query: after === undefined ? {} : { after } },
      }),
    ),
  )
  const onSettled = () => queries.invalidateQueries({ queryKey: key })
  const invite = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/orgs/{org}/invitations', {
          params: { path: { org } },
          body: { name, role },
        }),
      ),
    onSuccess: () => setName(''),
    onSettled,
  })
  const takeBack = useMutation({
    mutationFn: (invitation: string) =>
      ask(
        api.DELETE('/v1/orgs/{org}/invitations/{invitation}', {
          params: { path: { org, invitation } },
        }),
      ),
    onSettled,
  })
  return (
    <Section
      id="invitations"
      title="Invitations"
      about="A link makes whoever opens it first a member. It works once, and for a week."
    >
      <Form onSubmit={invite.mutate}>
        <TextField
          label="Who is invited"
          value={name}
          onChange={setName}
          required
          maxLength={200}
        />
        <SelectField label="Their role" value={role} options={roleOptions} onChange={setRole} />
        <div className="actions">
          <button className="primary" disabled={invite.isPending}>
            Make an invitation
          </button>
        </div>
      </Form>
      <Refused error={invite.error ?? takeBack.error} />
      {invite.data !== undefined && (
        <output className="shown-once">
          <strong>This is shown once.</strong> Send it to them, and to nobody else.
          <Command label="The link" text={invite.data.url} />
        </output>
      )}
      <Paged pages={invitations} label="The invitations are loading">
        {invitations.rows.length === 0 ? (
          <Nothing>No invitation is waiting to be taken.</Nothing>
        ) : (
          <PagedTable
            caption="Invitations"
            columns={invitationColumns(takeBack.mutate)}
            rows={invitations.rows}
            rowKey={({ id }) => id}
            more={invitations.more}
            moreComes={invitations.moreComes}
          />
        )}
      </Paged>
    </Section>
  )
}

/** What the table shows of each. */
const invitationColumns = (onTakeBack: (id: string) => void): readonly Column<Invitation>[] => [
  { title: 'For', cell: (one) => <Text value={one.name} />, by: (one) => one.name, wide: true },
  { title: 'Role', cell: (one) => one.role, by: (one) => one.role, tight: true },
  { title: 'By', cell: ({ createdBy }) => <Text value={createdBy} /> },
  {
    title: 'Expires',
    cell: ({ expiresAt }) => <Time at={expiresAt} />,
    by: ({ expiresAt }) => expiresAt,
    tight: true,
  },
  {
    title: 'Actions',
    cell: (one) => (
      <Confirm
        label="Take back"
        of={`the invitation of ${plain(one.name, 100)}`}
        onConfirm={() => onTakeBack(one.id)}
      >
        The link that was sent does nothing any more.
      </Confirm>
    ),
  },
]
