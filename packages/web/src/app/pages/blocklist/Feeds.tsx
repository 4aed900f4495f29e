import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { BlockListFeed } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { Confirm } from '../../../ui/Confirm.tsx'
import { type Column, DataTable } from '../../../ui/DataTable.tsx'
import { SelectField, TextField } from '../../../ui/Field.tsx'
import { ChangeForm } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { Nothing, Section } from '../../../ui/Section.tsx'
import { Code, Text } from '../../../ui/Text.tsx'
import { Time } from '../../../ui/Time.tsx'
import type { Owner } from '../../owner.ts'
import { useMay } from '../../session/session.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { addFeed, feedsOf, refreshFeed, removeFeed } from './asked.ts'

/** Lists of others that are followed. */
export function Feeds({ owner }: { owner: Owner }) {
  const queries = useQueryClient()
  const isAdmin = useMay(owner, 'admin')
  const queryKey = ['blocklist-feeds', owner]
  const feeds = useQuery({
    queryKey,
    queryFn: () => feedsOf(owner),
  })
  const onSettled = () => queries.invalidateQueries({ queryKey })
  const refresh = useMutation({
    mutationFn: (feed: string) => refreshFeed(owner, feed),
    onSettled,
  })
  const remove = useMutation({
    mutationFn: (feed: string) => removeFeed(owner, feed),
    onSettled,
  })
  const actions = {
    onRefresh: refresh.mutate,
    refreshing: refresh.isPending,
    onRemove: remove.mutate,
  }
  return (
    <Section
      id="feeds"
      title="Feeds"
      about="Lists of others that this one follows. A bad answer changes nothing, and stands here."
    >
      <Refused error={refresh.error ?? remove.error} />
      <Loaded query={feeds} label="The feeds are loading" lines={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>No feed is followed.</Nothing>
          ) : (
            <DataTable
              caption="Feeds"
              columns={columns(isAdmin, actions)}
              rows={items}
              rowKey={({ id }) => id}
            />
          )
        }
      </Loaded>
      {isAdmin && <NewFeed owner={owner} onAdded={() => void onSettled()} />}
    </Section>
  )
}

interface FeedActions {
  onRefresh: (id: string) => void
  refreshing: boolean
  onRemove: (id: string) => void
}

/** What the table shows of each. */
const columns = (
  isAdmin: boolean,
  { onRefresh, refreshing, onRemove }: FeedActions,
): readonly Column<BlockListFeed>[] => [
  {
    title: 'Feed',
    cell: ({ name, url }) => (
      <>
        <Text value={name} />
        <div className="by">
          <Code value={url} />
        </div>
      </>
    ),
    by: ({ name }) => name,
    wide: true,
  },
  {
    title: 'Believed by',
    cell: ({ trust }) => (trust.kind === 'sha256' ? 'its SHA-256' : 'a signature of Ed25519'),
    by: ({ trust }) => trust.kind,
    tight: true,
  },
  { title: 'How it fares', cell: (feed) => <Fares feed={feed} /> },
  {
    title: 'Asked',
    cell: ({ everyMinutes }) => `every ${everyMinutes} min`,
    by: ({ everyMinutes }) => everyMinutes,
    tight: true,
  },
  ...(isAdmin
    ? [
        {
          title: 'Actions',
          cell: ({ id, name }: BlockListFeed) => (
            <span className="actions">
              <button
                type="button"
                aria-label={`Fetch now: ${plain(name, 100)}`}
                disabled={refreshing}
                onClick={() => onRefresh(id)}
              >
                Fetch now
              </button>
              <Confirm label="Unfollow" of={plain(name, 100)} onConfirm={() => onRemove(id)}>
                Its entries are blocked no more.
              </Confirm>
            </span>
          ),
        },
      ]
    : []),
]

function Fares({ feed: { error, fetchedAt, triedAt } }: { feed: BlockListFeed }) {
  return (
    <>
      {fetchedAt === null ? (
        'Nothing of it is in force'
      ) : (
        <>
          In force as of <Time at={fetchedAt} />
        </>
      )}
      {error !== null && (
        <div className="refused">
          {triedAt !== null && (
            <>
              <Time at={triedAt} />:{' '}
            </>
          )}
          <Text value={error} />
        </div>
      )}
    </>
  )
}

const trusts = [
  ['ed25519', 'an Ed25519 signature'],
  ['sha256', 'its SHA-256 (never changes)'],
] as const

function NewFeed({ owner, onAdded }: { owner: Owner; onAdded: () => void }) {
  const [name, setName] = useState('')
  const [url, setUrl] = useState('')
  const [kind, setKind] = useState<(typeof trusts)[number][0]>('ed25519')
  const [proof, setProof] = useState('')
  const [minutes, setMinutes] = useState('60')
  const add = useMutation({
    mutationFn: () =>
      addFeed(owner, {
        name,
        url,
        trust: kind === 'sha256' ? { kind, hash: proof } : { kind, publicKey: proof },
        everyMinutes: Number(minutes),
      }),
    onSuccess: () => {
      setName('')
      setUrl('')
      setProof('')
      onAdded()
    },
  })
  return (
    <ChangeForm label="New feed" change={add} button={add.isPending ? 'Fetching…' : 'Follow it'}>
      <TextField
        label="Name of the feed"
        value={name}
        onChange={setName}
        required
        maxLength={200}
      />
      <TextField
        label="Address"
        type="url"
        value={url}
        onChange={setUrl}
        required
        maxLength={500}
      />
      <SelectField label="Believed by" value={kind} options={trusts} onChange={setKind} />
      <TextField
        label={kind === 'sha256' ? 'SHA-256' : 'Public key'}
        hint={kind === 'sha256' ? '64 hexadecimal digits' : '32 bytes in base64'}
        value={proof}
        onChange={setProof}
        required
        maxLength={64}
      />
      <TextField
        label="Asked every (minutes)"
        type="number"
        value={minutes}
        onChange={setMinutes}
        required
      />
    </ChangeForm>
  )
}
