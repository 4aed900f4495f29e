import type { InboxDetection } from '@runwarden/api'
import { Sign } from '../../../ui/Sign.tsx'

type State = InboxDetection['state']

const signs: Record<State, string> = {
  open: 'M6 2v5M6 9.6v.2',
  acknowledged: 'M2 6h8',
  suppressed: 'M2.5 9.5l7-7',
  resolved: 'M2.5 6.5 5 9l4.5-5.5',
}

/** What has become of a detection, by sign and word. */
export function StateChip({ state }: { state: State }) {
  return (
    <span className={`word inbox-${state}`}>
      <Sign d={signs[state]} strokeWidth={1.7} />
      {state}
    </span>
  )
}
