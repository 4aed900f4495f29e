import { ApiError } from '@runwarden/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { counted } from '@runwarden/report/view'
import { Dialog } from '../../ui/Dialog.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Choice } from '../../ui/Choice.tsx'
import { Form } from '../../ui/Form.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { type ControlPlane, useControlPlane, useKnown } from '../control-plane.ts'
import { changedLines } from './changed-lines.ts'
import { Simulated } from './Simulated.tsx'

interface Props {
  title: string
  /** What is saved, in words. */
  what: string
  /** The new document, from the one that is there ('' where there is none); null: it is for the person to write. */
  make: (before: string) => string | null
  /** Only a policy that is there can take it. */
  existing?: boolean
  onClose: () => void
}

/** Saves something into a policy of the store: which one, what changes, what that would have done in past runs, and why. */
export function SavePolicy(props: Props) {
  const plane = useControlPlane()
  if (plane === null) return null
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <SaveForm {...props} plane={plane} />
    </Dialog>
  )
}

function SaveForm({ what, make, existing = false, plane }: Props & { plane: ControlPlane }) {
  const id = useId()
  const queries = useQueryClient()
  const [chosen, setChosen] = useState<string | null>(null)
  const [made, setMade] = useState('')
  const [reason, setReason] = useState('')
  const applied = useKnown(['applied'], (one) => one.applied())
  const policies = useKnown(['policies'], (one) => one.policies())
  const names = policies.data?.map((policy) => policy.name) ?? []
  const governing = applied.data?.policies.map((policy) => policy.name) ?? []
  const usual = governing.find((one) => names.includes(one)) ?? (existing ? names[0] : undefined)
  const name = chosen ?? usual ?? ''
  const isNew = !existing && name === ''
  const target = isNew ? made.trim() : name
  const head = policies.data?.find((policy) => policy.name === target)
  const before = useKnown(['policy', target], (one) => one.policy(target), {
    wanted: head !== undefined,
  })
  const text =
    head === undefined ? make('') : before.data === undefined ? null : make(before.data.text)
  const save = useMutation({
    mutationFn: () =>
      plane.save(target, {
        text: text ?? '',
        reason: reason.trim(),
        basedOn: before.data?.version ?? 0,
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: plane.key }),
  })
  if (policies.error !== null)
    return <Failure error={policies.error} onRetry={() => void policies.refetch()} />
  if (policies.data === undefined || applied.isLoading)
    return <output className="aside">Looking at the store…</output>
  if (save.data !== undefined)
    return (
      <output>
        Saved as version {save.data.version} of{' '}
        <plane.Link to={plane.paths.policy(save.data.name)}>
          <Text value={save.data.name} />
        </plane.Link>
        {head === undefined || head.attachments === 0
          ? '. It is attached nowhere yet: it holds nowhere until it is.'
          : '. It holds from now on wherever it is attached, for running jobs too.'}
      </output>
    )
  if (existing && names.length === 0)
    return (
      <p>
        The store has no policy yet. Save the recommended policy there first, or copy the line into
        the workflow.
      </p>
    )
  return (
    <Form className="saving" onSubmit={save.mutate}>
      <div className="inline">
        <Choice
          label="Policy"
          {...(existing ? {} : { all: 'A new one' })}
          options={names}
          value={name === '' ? null : name}
          onChoose={(next) => setChosen(next ?? '')}
        />
        {isNew && (
          <span className="pick">
            <label htmlFor={`${id}-name`}>Its name</label>
            <input
              id={`${id}-name`}
              value={made}
              required
              pattern="[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}"
              title="Letters, digits, - _ and ., the first a letter or digit"
              spellCheck={false}
              autoComplete="off"
              onChange={({ target: { value } }) => setMade(value)}
            />
          </span>
        )}
      </div>
      <p className="about">
        {head === undefined
          ? 'A new policy holds nowhere until it is attached.'
          : `${head.attachments === 0 ? 'It is attached nowhere: it holds for nothing yet.' : `It is attached in ${counted(head.attachments, 'place')} and holds there at once.`}${governing.includes(target) ? '' : ' This job did not have it.'}`}
      </p>
      {text === null && head !== undefined && before.data !== undefined && (
        <p role="alert">
          Its <Code value="allow" /> is written on one line.{' '}
          <plane.Link to={plane.paths.policy(target)}>Open it in the editor</plane.Link> and add it
          there: <Text value={what} limit={300} />
        </p>
      )}
      {text !== null && (
        <>
          <pre className="changed" aria-label="What changes">
            {changedLines(before.data?.text ?? '', text).map(({ sign, text: line }, index) => (
              <span
                // Lines may be alike, and never change places.
                // oxlint-disable-next-line react/no-array-index-key
                key={index}
                className={sign === '+' ? 'added' : sign === '-' ? 'gone' : undefined}
              >
                {sign} <Text value={line} limit={400} />
                {'\n'}
              </span>
            ))}
          </pre>
          <Simulated text={text} />
        </>
      )}
      <div className="pick wide-pick">
        <label htmlFor={`${id}-reason`}>Reason</label>
        <input
          id={`${id}-reason`}
          value={reason}
          required
          maxLength={1000}
          placeholder="for those who read the history"
          autoComplete="off"
          onChange={({ target: { value } }) => setReason(value)}
        />
      </div>
      {save.error !== null && <Refused error={save.error} />}
      <div className="inline">
        <button
          type="submit"
          className="primary"
          disabled={text === null || target === '' || reason.trim() === '' || save.isPending}
        >
          {save.isPending ? 'Saving…' : 'Save'}
        </button>
      </div>
    </Form>
  )
}

/** Why it was not saved, with the places in the document. */
function Refused({ error }: { error: Error }) {
  return (
    <>
      <Failure error={error} />
      {error instanceof ApiError && error.where.length > 0 && (
        <ul className="plain">
          {error.where.slice(0, 10).map(({ problem, line }) => (
            <li key={`${line} ${problem}`}>
              {line !== undefined && `Line ${line}: `}
              <Text value={problem} limit={400} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
