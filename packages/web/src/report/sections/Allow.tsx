import { useMemo } from 'react'
import { grouped, lacking, policyEntry } from '@runwarden/report/view'
import { CopyButton } from '../../ui/CopyButton.tsx'
import { Section } from '../../ui/Section.tsx'
import { useRoom } from '../../ui/room.ts'
import { Code } from '../../ui/Text.tsx'
import { usePage } from '../context.ts'
import { Empty } from './Empty.tsx'
import { Doer } from '../ProcessLink.tsx'

/** What was refused, as the lines that would allow it. */
export function Allow() {
  const { report } = usePage()
  const lines = useMemo(() => lacking(report), [report])
  const { shown, left, more } = useRoom(lines, 20)
  const block = report.egress === 'block'
  return (
    <Section
      id="allow"
      title={block ? 'Blocked, and how to allow it' : 'Outside of the policy'}
      count={lines.length}
      about={
        block
          ? 'If a destination is wanted, add its line to the policy. If not, look at the process that asked for it.'
          : 'In block mode these would be refused. Add the lines of those that are wanted.'
      }
    >
      {lines.length === 0 && (
        <Empty>{block ? 'Nothing was blocked.' : 'Everything was inside of the policy.'}</Empty>
      )}
      <ul className="lines">
        {shown.map((line) => (
          <li key={policyEntry(line)}>
            <Code value={`- ${policyEntry(line)}`} limit={300} />
            <CopyButton text={`  - ${policyEntry(line)}\n`} label="Copy line" />
            <span className="by">
              {line.assumed && 'only its name was asked for · '}
              <Doer execId={line.execId} />
            </span>
          </li>
        ))}
      </ul>
      {left > 0 && (
        <button type="button" className="more" onClick={more}>
          Show more of {grouped(left)}
        </button>
      )}
    </Section>
  )
}
