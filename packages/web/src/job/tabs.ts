import { lazy, type ComponentType } from 'react'
import type { JobFacts } from './source.ts'

export interface Tab {
  id: string
  title: string
  /** Its number in the tab; null: none. */
  count?: (facts: JobFacts) => number | null
  /** Something that a person should look at. */
  alarm?: (facts: JobFacts) => boolean
  Tab: ComponentType
}

/** The tabs of a job, in their order. Each is loaded when it is looked at. */
export const tabs: readonly Tab[] = [
  { id: 'summary', title: 'Summary', Tab: lazy(() => import('./summary/Summary.tsx')) },
  {
    id: 'detections',
    title: 'Detections',
    count: ({ detections }) => detections,
    alarm: ({ detections }) => detections > 0,
    Tab: lazy(() => import('./detections/Detections.tsx')),
  },
  {
    id: 'processes',
    title: 'Processes',
    count: ({ rows }) => rows.processes ?? 0,
    Tab: lazy(() => import('./processes/Processes.tsx')),
  },
  { id: 'timeline', title: 'Timeline', Tab: lazy(() => import('./timeline/Timeline.tsx')) },
  {
    id: 'dns',
    title: 'DNS',
    count: ({ rows }) => rows.dns ?? 0,
    Tab: lazy(() => import('./dns/Dns.tsx')),
  },
  { id: 'health', title: 'Data quality', Tab: lazy(() => import('./health/Health.tsx')) },
]
