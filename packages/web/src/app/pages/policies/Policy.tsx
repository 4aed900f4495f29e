import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate, useParams } from 'react-router'
import type { PolicyVersion } from '@runwarden/api'
import { plain } from '@runwarden/events/plain'
import { Confirm } from '../../../ui/Confirm.tsx'
import { CopyButton } from '../../../ui/CopyButton.tsx'
import { TextField } from '../../../ui/Field.tsx'
import { Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { Text } from '../../../ui/Text.tsx'
import { Link } from '../../Link.tsx'
import { type Owner, useOwner } from '../../owner.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useMay } from '../../session/session.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useTitle } from '../../shell/title.ts'
import { Loaded } from '../../states/Loaded.tsx'
import { Unsaved } from '../../Unsaved.tsx'
import { deletePolicy, policyOf, savePolicy } from './asked.ts'
import { Attachments } from './Attachments.tsx'
import { exportUrl } from './export-url.ts'
import { History } from './History.tsx'
import { policiesAt, policyAt } from './places.ts'
import { Writing } from './Writing.tsx'

const tabs = [
  ['edit', 'Document'],
  ['history', 'History'],
  ['attachments', 'Where it holds'],
] as const

/** A policy of the store: its document, its versions, and where it holds. */
export default function Policy() {
  const owner = useOwner()
  const { policy = '' } = useParams()
  const address = useRouterAddress()
  const tab = tabs.find(([id]) => id === address.get('tab'))?.[0] ?? 'edit'
  useTitle(policy)
  useBreadcrumb([{ label: 'Policies', to: policiesAt(owner) }, { label: policy }])
  return (
    <>
      <h1>
        <Text value={policy} />
      </h1>
      <nav aria-label="Parts of the policy" className="tabs">
        <ul>
          {tabs.map(([id, label]) => (
            <li key={id}>
              <Link
                to={policyAt(owner, policy, { tab: id === 'edit' ? null : id })}
                aria-current={id === tab ? 'page' : undefined}
              >
                {label}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {tab === 'edit' && <Newest owner={owner} policy={policy} />}
      {tab === 'history' && <History owner={owner} policy={policy} />}
      {tab === 'attachments' && <Attachments owner={owner} policy={policy} />}
    </>
  )
}

function Newest({ owner, policy }: { owner: Owner; policy: string }) {
  const asked = Number(useRouterAddress().get('version'))
  const version = Number.isInteger(asked) && asked > 0 ? asked : null
  const newest = useQuery({
    queryKey: ['policy', owner, policy],
    queryFn: () => policyOf(owner, policy, null),
  })
  const older = useQuery({
    queryKey: ['policy', owner, policy, version],
    queryFn: () => policyOf(owner, policy, version),
    enabled: version !== null,
  })
  const of = `${owner} ${policy}`
  return (
    <Loaded query={newest} label="The policy is loading">
      {(found) =>
        version === null ? (
          <Edit key={of} owner={owner} newest={found} text={found.text} />
        ) : (
          <Loaded query={older} label="The version is loading">
            {({ text }) => (
              <>
                {version !== found.version && (
                  <p className="banner">
                    This is version {version}; the newest is {found.version}. Saved, it becomes
                    version {found.version + 1}.
                    <Link to={policyAt(owner, policy)}>To the newest</Link>
                  </p>
                )}
                <Edit key={`${of} ${version}`} owner={owner} newest={found} text={text} />
              </>
            )}
          </Loaded>
        )
      }
    </Loaded>
  )
}

interface EditProps {
  owner: Owner
  newest: PolicyVersion
  /** What the editor begins with. */
  text: string
}

function Edit({ owner, newest, text: given }: EditProps) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const mayChange = useMay(owner, 'editor')
  // What it is written upon. It goes on with the newest by itself only where nothing would be lost, so that the server can tell who
  // saves that they have not seen another's version.
  const [base, setBase] = useState({ version: newest, text: given })
  const [text, setText] = useState(given)
  const [reason, setReason] = useState('')
  const { name: policy, version } = base.version
  const isWritten = text !== base.text
  const isChange = text !== base.version.text
  const isNewer = newest.version !== version && newest.createdAt >= base.version.createdAt
  const goOnWith = (next: typeof base): void => {
    setBase(next)
    setText(next.text)
  }
  if (isNewer && !isWritten) goOnWith({ version: newest, text: given })
  const save = useMutation({
    mutationFn: () => savePolicy(owner, policy, { text, reason, basedOn: version }),
    onSuccess: async (saved) => {
      setBase({ version: saved, text: saved.text })
      setReason('')
      await queries.invalidateQueries({ queryKey: ['policy-versions', owner, policy] })
      await queries.invalidateQueries({ queryKey: ['policy', owner, policy] })
      await navigate(policyAt(owner, policy), { replace: true })
    },
    // Another's version may be why.
    onError: () => queries.invalidateQueries({ queryKey: ['policy', owner, policy] }),
  })
  const remove = useMutation({
    mutationFn: () => deletePolicy(owner, policy),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['policies', owner] })
      await navigate(policiesAt(owner))
    },
  })
  return (
    <>
      <Unsaved when={isWritten && !save.isPending && !remove.isPending} />
      {isNewer && isWritten && (
        <output className="banner">
          <span>
            Version {newest.version} was saved meanwhile by <Text value={newest.author} />:{' '}
            <Text value={newest.reason} />. What you have written is still here, upon version{' '}
            {version}.
          </span>
          <a href={policyAt(owner, policy, { tab: 'history' })} target="_blank" rel="noreferrer">
            See what changed
          </a>
          <button
            type="button"
            onClick={() => {
              setBase({ version: newest, text: base.text })
              save.reset()
            }}
          >
            Keep mine, upon version {newest.version}
          </button>
          <button
            type="button"
            onClick={() => {
              goOnWith({ version: newest, text: newest.text })
              save.reset()
            }}
          >
            Take version {newest.version} instead
          </button>
        </output>
      )}
      <p className="actions writing">
        <span className="by">Version {version}</span>
        <CopyButton text={text} label="Copy YAML" />
        <a className="button" href={exportUrl(owner, policy)} download>
          Export YAML
        </a>
        {mayChange && (
          <Confirm label="Delete" of={plain(policy, 100)} onConfirm={() => remove.mutate()}>
            Its versions stay in the audit log’s memory only; jobs that ask for it by its name fail.
            A policy that holds somewhere is not deleted.
          </Confirm>
        )}
      </p>
      <Refused error={remove.error} />
      <Writing owner={owner} text={text} onChange={setText}>
        {(isPolicy) =>
          mayChange && (
            <Form label="Save" onSubmit={save.mutate}>
              <TextField
                label="Reason of the change"
                value={reason}
                onChange={setReason}
                required
                maxLength={1000}
              />
              <div className="actions">
                <button className="primary" disabled={!isPolicy || save.isPending || !isChange}>
                  Save as version {version + 1}
                </button>
                {!isChange && <span className="hint">Nothing is changed.</span>}
              </div>
              <Refused error={save.error} />
            </Form>
          )
        }
      </Writing>
    </>
  )
}
