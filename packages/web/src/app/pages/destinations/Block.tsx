import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { Code } from '../../../ui/Text.tsx'
import { api, ask } from '../../api.ts'
import { Link } from '../../Link.tsx'
import { paths } from '../../paths.ts'

/** Puts a destination on the organisation's block list. */
export function Block({ org, value }: { org: string; value: string }) {
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const queries = useQueryClient()
  const add = useMutation({
    mutationFn: () =>
      ask(
        api.POST('/v1/orgs/{org}/blocklist/entries', {
          params: { path: { org } },
          body: { entries: [{ value, reason: reason.trim() }] },
        }),
      ),
    async onSuccess() {
      setOpen(false)
      await queries.invalidateQueries({ queryKey: ['blocklist-entries', org] })
    },
  })
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Add to block list…
      </button>
      {add.isSuccess && (
        <output>
          It is on the <Link to={paths.blockList(org)}>block list</Link> now.
        </output>
      )}
      {open && (
        <Dialog title="Add to the block list" onClose={() => setOpen(false)}>
          <Form className="stack" onSubmit={add.mutate}>
            <p>
              <Code value={value} limit={300} /> is blocked in every job of the organisation at
              once, in audit mode too, whatever its policy allows.
            </p>
            <label className="choice">
              <span>Reason: jobs’ reports say it</span>
              <input
                required
                maxLength={200}
                value={reason}
                onChange={({ target }) => setReason(target.value)}
              />
            </label>
            <Refused error={add.error} />
            <div className="buttons">
              <button className="danger" disabled={add.isPending || reason.trim() === ''}>
                Add to block list
              </button>
            </div>
          </Form>
        </Dialog>
      )}
    </>
  )
}
