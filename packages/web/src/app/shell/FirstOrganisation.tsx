import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useNavigate } from 'react-router'
import { Command } from '../../ui/Command.tsx'
import { TextField } from '../../ui/Field.tsx'
import { Refused } from '../../ui/Refused.tsx'
import { Section } from '../../ui/Section.tsx'
import { api, ask } from '../api.ts'
import { paths } from '../paths.ts'

/** What the administrator of an empty server does first. */
export function FirstOrganisation() {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const add = useMutation({
    mutationFn: () => ask(api.POST('/v1/orgs', { body: { name } })),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['me'] })
      await navigate(paths.overview(made.name))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <Section
      id="begin"
      title="This server is empty"
      about="It takes jobs of organisations that it knows: owners of repositories, as GitHub names them."
    >
      <form className="form" onSubmit={submit} aria-label="Add an organisation">
        <TextField
          label="Owner of the repositories"
          hint="The part before the / of owner/name."
          value={name}
          onChange={setName}
          required
          maxLength={100}
        />
        <div className="actions">
          <button className="primary" disabled={add.isPending}>
            Add it
          </button>
        </div>
        <Refused error={add.error} />
      </form>
      <p>
        The next page says how its jobs are watched. Organisations can also be given when the server
        is started:
      </p>
      <Command
        label="Command"
        text={`runwarden server --data DIR --organisations ${name === '' ? 'OWNER' : name}`}
      />
    </Section>
  )
}
