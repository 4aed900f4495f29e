import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { TextField } from '../../../ui/Field.tsx'
import { ChangeForm, Form } from '../../../ui/Form.tsx'
import { Refused } from '../../../ui/Refused.tsx'
import { api, ask } from '../../api.ts'
import { useOwner } from '../../owner.ts'
import { useRouterAddress } from '../../router-address.ts'
import { useBreadcrumb } from '../../shell/breadcrumb.ts'
import { useTitle } from '../../shell/title.ts'
import { Unsaved } from '../../Unsaved.tsx'
import { savePolicy } from './asked.ts'
import { policiesAt, policyAt } from './places.ts'
import { Writing } from './Writing.tsx'

const start = `version: 1
egress: audit # block: what no line allows is refused
allow: []
presets: [github-actions]
`

/** Writes a policy that is not there yet. */
export default function NewPolicy() {
  const owner = useOwner()
  const queries = useQueryClient()
  const navigate = useNavigate()
  useTitle('New policy')
  useBreadcrumb([{ label: 'Policies', to: policiesAt(owner) }, { label: 'New policy' }])
  const [name, setName] = useState('')
  const [reason, setReason] = useState('First version')
  const [text, setText] = useState(start)
  const save = useMutation({
    mutationFn: () => savePolicy(owner, name, { text, reason, basedOn: 0 }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['policies', owner] })
      await navigate(policyAt(owner, name, { tab: 'attachments' }))
    },
  })
  return (
    <>
      <Unsaved when={text !== start && !save.isPending} />
      <h1>New policy</h1>
      {owner !== null && <FromRecords org={owner} onText={setText} />}
      <Writing owner={owner} text={text} onChange={setText}>
        {(isPolicy) => (
          <ChangeForm label="Save" change={save} button="Save the policy" ready={isPolicy}>
            <TextField
              label="Name"
              hint="Letters, digits, -, _ and ."
              value={name}
              onChange={setName}
              required
              maxLength={100}
            />
            <TextField
              label="Reason"
              value={reason}
              onChange={setReason}
              required
              maxLength={1000}
            />
          </ChangeForm>
        )}
      </Writing>
    </>
  )
}

/** Begins with what jobs of a repository were seen to need. */
function FromRecords({ org, onText }: { org: string; onText: (text: string) => void }) {
  const address = useRouterAddress()
  const [repository, setRepository] = useState(address.get('repository') ?? `${org}/`)
  const recommend = useMutation({
    mutationFn: () =>
      ask(
        api.GET('/v1/orgs/{org}/recommendation', {
          params: { path: { org }, query: { repository } },
        }),
      ),
    onSuccess: (found) => onText(found.text),
  })
  return (
    <Form label="Begin with what was recorded" onSubmit={recommend.mutate}>
      <TextField
        label="Begin with records of"
        hint="A repository: what its jobs were seen to reach."
        value={repository}
        onChange={setRepository}
        required
        maxLength={201}
      />
      <div className="actions">
        <button disabled={recommend.isPending}>Fill in the recommendation</button>
        {recommend.data !== undefined && (
          <output className="hint">
            From {recommend.data.runs} runs; what they reach is {recommend.data.state}.
          </output>
        )}
      </div>
      <Refused error={recommend.error} />
    </Form>
  )
}
