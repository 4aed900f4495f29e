import { lazy, type ComponentType } from 'react'
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
  Tab: ComponentType
  /** Fetches it, so that it is there when somebody looks. */
  load: () => Promise<unknown>
}

const part = (load: () => Promise<{ default: ComponentType }>): Pick<Tab, 'Tab' | 'load'> => ({
  Tab: lazy(load),
  load,
})

/** The tabs of a job, in their order. Each is loaded when it is looked at, or when the page has nothing else to do. */
export const tabs: readonly Tab[] = [
  { id: 'summary', title: 'Summary', ...part(() => import('./summary/Summary.tsx')) },
  {
    id: 'network',
    title: 'Network',
    count: ({ rows }) => rows.destinations ?? 0,
    alarm: ({ byVerdict }) => (byVerdict.blocked ?? 0) + (byVerdict['attack-blocked'] ?? 0) > 0,
    ...part(() => import('./network/Network.tsx')),
  },
  {
    id: 'https',
    title: 'HTTPS',
    count: ({ rows }) => rows.http ?? 0,
    ...part(() => import('./https/Https.tsx')),
  },
  {
    id: 'detections',
    title: 'Detections',
    count: ({ detections }) => detections,
    alarm: ({ detections }) => detections > 0,
    ...part(() => import('./detections/Detections.tsx')),
  },
  {
    id: 'processes',
    title: 'Processes',
    count: ({ rows }) => rows.processes ?? 0,
    ...part(() => import('./processes/Processes.tsx')),
  },
  { id: 'timeline', title: 'Timeline', ...part(() => import('./timeline/Timeline.tsx')) },
  {
    id: 'files',
    title: 'Files',
    count: ({ rows }) => rows.files ?? 0,
    alarm: ({ rows }) => (rows.changes ?? 0) > 0,
    ...part(() => import('./files/Files.tsx')),
  },
  {
    id: 'dns',
    title: 'DNS',
    count: ({ rows }) => rows.dns ?? 0,
    ...part(() => import('./dns/Dns.tsx')),
  },
  {
    id: 'recommended',
    title: 'Recommended policy',
    ...part(() => import('./recommended/Recommended.tsx')),
  },
  {
    id: 'policy',
    title: 'Policy applied',
    // A report does not tell it.
    isThere: ({ kind }) => kind === 'server',
    ...part(() => import('./applied/Applied.tsx')),
  },
  {
    id: 'sandbox',
    title: 'Sandbox',
    count: ({ rows }) => rows.sandbox ?? 0,
    isThere: ({ facts: { rows } }) => (rows.sandbox ?? 0) > 0,
    ...part(() => import('./sandbox/Sandbox.tsx')),
  },
  { id: 'health', title: 'Data quality', ...part(() => import('./health/Health.tsx')) },
]
