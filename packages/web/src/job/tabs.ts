import type { ComponentType } from 'react'
import type { JobFacts, JobSource } from './source.ts'

export interface Tab {
  id: string
  title: string
  /** Its number in the tab; null: none. */
  count?: (facts: JobFacts) => number | null
  /** Something that a person should look at. */
  alarm?: (facts: JobFacts) => boolean
  /** Whether there is such a tab; always, where it is not told. */
  isThere?: (source: JobSource) => boolean
  /** Fetches it. */
  load: () => Promise<{ default: ComponentType }>
}

/** The tabs of a job, in their order. Each is loaded when it is looked at, or when the page has nothing else to do. */
export const tabs: readonly Tab[] = [
  { id: 'summary', title: 'Summary', load: () => import('./summary/Summary.tsx') },
  {
    id: 'network',
    title: 'Network',
    count: ({ rows }) => rows.destinations ?? 0,
    alarm: ({ byVerdict }) => (byVerdict.blocked ?? 0) + (byVerdict['attack-blocked'] ?? 0) > 0,
    load: () => import('./network/Network.tsx'),
  },
  {
    id: 'https',
    title: 'HTTPS',
    count: ({ rows }) => rows.http ?? 0,
    load: () => import('./https/Https.tsx'),
  },
  {
    id: 'detections',
    title: 'Detections',
    count: ({ detections }) => detections,
    alarm: ({ detections }) => detections > 0,
    load: () => import('./detections/Detections.tsx'),
  },
  {
    id: 'processes',
    title: 'Processes',
    count: ({ rows }) => rows.processes ?? 0,
    load: () => import('./processes/Processes.tsx'),
  },
  { id: 'timeline', title: 'Timeline', load: () => import('./timeline/Timeline.tsx') },
  {
    id: 'files',
    title: 'Files',
    count: ({ rows }) => rows.files ?? 0,
    alarm: ({ rows }) => (rows.changes ?? 0) > 0,
    load: () => import('./files/Files.tsx'),
  },
  {
    id: 'dns',
    title: 'DNS',
    count: ({ rows }) => rows.dns ?? 0,
    load: () => import('./dns/Dns.tsx'),
  },
  {
    id: 'recommended',
    title: 'Recommended policy',
    load: () => import('./recommended/Recommended.tsx'),
  },
  {
    id: 'policy',
    title: 'Policy applied',
    // A report does not tell it.
    isThere: ({ kind }) => kind === 'server',
    load: () => import('./applied/Applied.tsx'),
  },
  {
    id: 'sandbox',
    title: 'Sandbox',
    count: ({ rows }) => rows.sandbox ?? 0,
    isThere: ({ facts: { rows } }) => (rows.sandbox ?? 0) > 0,
    load: () => import('./sandbox/Sandbox.tsx'),
  },
  { id: 'health', title: 'Data quality', load: () => import('./health/Health.tsx') },
]
