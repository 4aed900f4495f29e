import { useState } from 'react'
import { SeverityChip } from '../../ui/Chip.tsx'
import { Failure } from '../../ui/Failure.tsx'
import { Code, Text } from '../../ui/Text.tsx'
import { Time } from '../../ui/Time.tsx'
import { AddressLink } from '../AddressLink.tsx'
import type { Finding } from '../rows.ts'
import { useActs, useJob } from '../source.ts'

/** @param open its evidence is shown at once */
export function FindingCard({ finding, open = false }: { finding: Finding; open?: boolean }) {
  const { kind } = useJob()
  const { severity, title, text, time, rule, step, execId, evidence, suppressed, source } = finding
  return (
    <li className={`card edge-${severity}`}>
      <h3>
        <SeverityChip severity={severity} /> <Text value={title} limit={400} />
      </h3>
      {text !== '' && (
        <p>
          <Text value={text} limit={4_000} />
        </p>
      )}
      {suppressed !== null && (
        <p>
          Expected: <Text value={suppressed} limit={400} />
        </p>
      )}
      <p className="by">
        {kind === 'server' && <Time at={time} />}
        {step !== null && (
          <>
            {' '}
            in <Text value={step} limit={80} />
          </>
        )}
        {execId !== null && (
          <>
            {' '}
            <AddressLink className="process" set={{ tab: 'processes', process: execId }}>
              process <Code value={execId.split('-', 1)[0] ?? ''} />
            </AddressLink>
          </>
        )}
        {source === 'server' && ' found by the server'} <code className="id">{rule}</code>
      </p>
      {evidence.length > 0 && <Evidence finding={finding} first={open} />}
    </li>
  )
}

function Evidence({ finding, first }: { finding: Finding; first: boolean }) {
  const [wanted, setWanted] = useState(first)
  const acts = useActs(finding, wanted)
  const left = finding.evidence.length - (acts.data?.length ?? 0)
  return (
    <details open={first} onToggle={({ currentTarget }) => currentTarget.open && setWanted(true)}>
      <summary>Evidence</summary>
      {acts.isError && <Failure error={acts.error} onRetry={() => void acts.refetch()} />}
      <ol className="acts">
        {acts.data?.map(({ seq, text }) => (
          <li key={seq}>
            <span className="seq">event {seq}</span> <Text value={text} limit={2_000} />
          </li>
        ))}
      </ol>
      {acts.isSuccess && left > 0 && (
        <p className="about">
          {left} more: events {finding.evidence.slice(-Math.min(left, 50)).join(', ')}
        </p>
      )}
    </details>
  )
}
