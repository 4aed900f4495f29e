import { useState } from 'react'
import { SelectField } from '../../../ui/Field.tsx'
import { useMe } from '../../session/session.ts'
import type { Owner } from '../../owner.ts'
import { Simulation } from './Simulation.tsx'

/** Tries a policy's text on recorded runs; one of the server itself on those of an organisation that is chosen. */
export function Trial({ owner, text }: { owner: Owner; text: string }) {
  const { organisations } = useMe()
  const [chosen, setChosen] = useState<string | null>(null)
  if (owner !== null) return <Simulation org={owner} text={text} />
  const names = organisations.map(({ name }) => name)
  const org = chosen ?? names[0]
  if (org === undefined) return null
  return (
    <Simulation org={org} text={text}>
      {names.length > 1 && (
        <SelectField
          label="Of organisation"
          value={org}
          options={names.map((name) => [name, name] as const)}
          onChange={setChosen}
        />
      )}
    </Simulation>
  )
}
