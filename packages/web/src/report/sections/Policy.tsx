import { CopyButton } from '../../ui/CopyButton.tsx'
import { Section } from '../../ui/Section.tsx'
import { plain } from '@runwarden/events/plain'
import { usePage } from '../context.ts'

export function Policy() {
  const { recommendedPolicy } = usePage().report
  return (
    <Section
      id="policy"
      title="Recommended policy"
      about="The allow-list that this run would have needed. Read it before you use it: what an attacker reached in audit mode is in it too."
    >
      <div className="policy">
        <CopyButton text={recommendedPolicy} label="Copy policy" />
        {/* What scrolls must be in reach of the keyboard. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre tabIndex={0} aria-label="Recommended policy">
          {recommendedPolicy
            .split('\n')
            .map((line) => plain(line))
            .join('\n')}
        </pre>
      </div>
    </Section>
  )
}
