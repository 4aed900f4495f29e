import { useState } from 'react'
import { counted } from '@runwarden/report/view'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { deeds, type NewState, useChange } from './change.ts'

interface Props {
  org: string
  ids: readonly string[]
  state: NewState
  /** It is done. */
  onDone: () => void
  onClose: () => void
}

/** Asks for a note and changes the state of detections. */
export function ChangeDialog({ org, ids, state, onDone, onClose }: Props) {
  const [note, setNote] = useState('')
  const change = useChange(org)
  const { label, note: otherwise } = deeds[state]
  return (
    <Dialog title={`${label}: ${counted(ids.length, 'detection')}`} onClose={onClose}>
      <Form
        className="stack"
        onSubmit={() => {
          const said = note.trim()
          change.mutate({ ids, state, note: said === '' ? otherwise : said }, { onSuccess: onDone })
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
        <div className="buttons">
          <button className="primary" disabled={change.isPending}>
            {label}
          </button>
        </div>
      </Form>
    </Dialog>
  )
}
