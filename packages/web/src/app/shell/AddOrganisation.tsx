import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router'
import { TextField } from '../../ui/Field.tsx'
import { ChangeForm } from '../../ui/Form.tsx'
import { api, ask } from '../api.ts'
import { paths } from '../paths.ts'

/** Lets the server take jobs of another owner of repositories; its overview says how they are watched. */
export function AddOrganisation({ onName }: { onName?: (name: string) => void }) {
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
  return (
    <ChangeForm label="Add an organisation" change={add} button="Add it">
      <TextField
        label="Owner of the repositories"
        hint="The part before the / of owner/name."
        value={name}
        onChange={(next) => {
          setName(next)
          onName?.(next)
        }}
        required
        maxLength={100}
      />
    </ChangeForm>
  )
}
