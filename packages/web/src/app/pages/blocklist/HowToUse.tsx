import { Command } from '../../../ui/Command.tsx'
import { Section } from '../../../ui/Section.tsx'
import type { Owner } from '../../owner.ts'

/** The list outside of this server. */
export function HowToUse({ owner }: { owner: Owner }) {
  const { origin } = location
  return (
    <Section
      id="use"
      title="How to use it"
      about="Agents of this server’s jobs have it by themselves. Others can take it, too: the server’s own list is public JSON with an ETag, without a key."
    >
      <Command label="Public feed" text={`${origin}/v1/blocklist`} />
      <Command
        label="A run without this server"
        text={`curl -fsS ${origin}/v1/blocklist -o block-list.json && runwarden run --block-list block-list.json -- make test`}
      />
      {owner !== null && (
        <Command
          label={`All that holds for ${owner}`}
          text={`curl -fsS -H "Authorization: Bearer $RUNWARDEN_API_KEY" ${origin}/v1/orgs/${owner}/blocklist`}
        />
      )}
    </Section>
  )
}
