import { useState } from 'react'
import { counted } from '@runwarden/report/view'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { Text } from '../../../ui/Text.tsx'
import { deeds, type NewState, type Seen, useChange } from './change.ts'

interface Props {
  org: string
  items: readonly Seen[]
  state: NewState
  /** It is done. */
  onDone: () => void
  onClose: () => void
}

/** Asks for a note and changes the state of detections. */
export function ChangeDialog({ org, items, state, onDone, onClose }: Props) {
  const [note, setNote] = useState('')
  const change = useChange(org)
  const { label, note: otherwise } = deeds[state]
  const meanwhile = change.data ?? []
  return (
    <Dialog title={`${label}: ${counted(items.length, 'detection')}`} onClose={onClose}>
      <Form
        className="stack"
        onSubmit={() => {
          const said = note.trim()
          change.mutate(
            { items, state, note: said === '' ? otherwise : said },
            { onSuccess: (refused) => refused.length === 0 && onDone() },
          )
        }}
      >
        <label className="choice grow">
          <span>Note: what is known of it; others see it in the history</span>
          <textarea
            rows={3}
            maxLength={1000}
            value={note}
            onChange={({ target }) => setNote(target.value)}
          />
        </label>
        <Refused error={change.error} />
        {meanwhile.length > 0 ? (
          <div role="alert" className="refused">
            {counted(meanwhile.length, 'detection')} left as somebody else has set them since they
            were shown here:
            <ul>
              {[...new Set(meanwhile.map(({ message }) => message))].slice(0, 10).map((message) => (
                <li key={message}>
                  <Text value={message} />
                </li>
              ))}
            </ul>
          </div>
        ) : (
          <div className="buttons">
            <button className="primary" disabled={change.isPending}>
              {label}
            </button>
          </div>
        )}
      </Form>
    </Dialog>
  )
}
