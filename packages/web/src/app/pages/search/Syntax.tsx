import { Section } from '../../../ui/Section.tsx'
import { type Kind, kindNames, kinds } from './kinds.ts'

/** What can be looked for, and how it is written. */
export function Syntax({ onTry }: { onTry: (kind: Kind, text: string) => void }) {
  return (
    <Section
      id="syntax"
      title="What can be looked for"
      about="All jobs that are kept are looked through; each is told with how often it had to do with it."
    >
      <dl className="syntax">
        {kindNames.map((kind) => {
          const { label, example, syntax } = kinds[kind]
          return (
            <div key={kind}>
              <dt>{label}</dt>
              <dd>
                {syntax}{' '}
                <button type="button" className="plain-link" onClick={() => onTry(kind, example)}>
                  <code>{example}</code>
                </button>
              </dd>
            </div>
          )
        })}
      </dl>
    </Section>
  )
}
