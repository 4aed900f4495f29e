import { useMemo } from 'react'
import { bySeverity, grouped } from '@runwarden/report/view'
import { Section } from '../../ui/Section.tsx'
import { useRoom } from '../../ui/room.ts'
import { usePage } from '../context.ts'
import { Empty } from './Empty.tsx'
import { DetectionCard } from './DetectionCard.tsx'

export function Detections() {
  const { report } = usePage()
  const found = useMemo(() => report.detections.toSorted(bySeverity), [report])
  const { shown, left, more } = useRoom(found, 12)
  return (
    <Section
      id="detections"
      title="Detections"
      count={found.length}
      about="What looked like an attack, the gravest first, with the events behind it."
    >
      {found.length === 0 && <Empty>Nothing suspicious was found.</Empty>}
      <ul className="cards">
        {shown.map((detection) => (
          <DetectionCard
            key={`${detection.id} ${detection.evidence.join(',')} ${detection.title}`}
            detection={detection}
          />
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
