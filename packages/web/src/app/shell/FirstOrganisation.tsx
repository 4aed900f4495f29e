import { useState } from 'react'
import { Command } from '../../ui/Command.tsx'
import { Section } from '../../ui/Section.tsx'
import { AddOrganisation } from './AddOrganisation.tsx'

/** What the administrator of an empty server does first. */
export function FirstOrganisation() {
  const [name, setName] = useState('')
  return (
    <Section
      id="begin"
      title="This server is empty"
      about="It takes jobs of organisations that it knows: owners of repositories, as GitHub names them."
    >
      <AddOrganisation onName={setName} />
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
