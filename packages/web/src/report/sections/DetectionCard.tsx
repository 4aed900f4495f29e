import type { ReportDetection } from '@runwarden/events'
import { SeverityChip } from '../../ui/Chip.tsx'
import { Text } from '../../ui/Text.tsx'
import { Doer } from '../ProcessLink.tsx'

export function DetectionCard({ detection }: { detection: ReportDetection }) {
  const { severity, title, text, acts, evidence, execId, step, id } = detection
  return (
    <li className={`card edge-${severity}`}>
      <h3>
        <SeverityChip severity={severity} /> <Text value={title} />
      </h3>
      <p>
        <Text value={text} limit={4_000} />
      </p>
      <p className="by">
        <Doer execId={execId} step={step} /> <code className="id">{id}</code>
      </p>
      {evidence.length > 0 && (
        <details>
          <summary>Evidence</summary>
          <ol className="acts">
            {acts.map(({ seq, text: act }) => (
              <li key={seq}>
                <span className="seq">event {seq}</span> <Text value={act} />
              </li>
            ))}
          </ol>
          {evidence.length > acts.length && (
            <p className="about">Events {evidence.join(', ')} of events.ndjson</p>
          )}
        </details>
      )}
    </li>
  )
}
