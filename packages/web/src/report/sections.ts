import type { ComponentType } from 'react'
import type { Report } from '@runwarden/events'
import { lacking } from '@runwarden/report/view'
import { Allow } from './sections/Allow.tsx'
import { Changes } from './sections/Changes.tsx'
import { Destinations } from './sections/Destinations.tsx'
import { Detections } from './sections/Detections.tsx'
import { Dns } from './sections/Dns.tsx'
import { Files } from './sections/Files.tsx'
import { HealthSection } from './sections/HealthSection.tsx'
import { Opaque } from './sections/Opaque.tsx'
import { Permissions } from './sections/Permissions.tsx'
import { Policy } from './sections/Policy.tsx'
import { Requests } from './sections/Requests.tsx'
import { Sandbox } from './sections/Sandbox.tsx'
import { Suppressed } from './sections/Suppressed.tsx'

export interface Room {
  id: string
  title: string
  count: number | null
  /** Something that a person should look at. */
  alarm?: boolean
  /** Undefined: the process tree, which the page itself steers. */
  Room?: ComponentType
}

/** The rooms of the page in their order, each with what the navigation says of it. */
export function sections(report: Report): Room[] {
  const refused = lacking(report).length
  const rooms: (Room | false)[] = [
    {
      id: 'detections',
      title: 'Detections',
      count: report.detections.length,
      alarm: report.detections.length > 0,
      Room: Detections,
    },
    (report.suppressed ?? []).length > 0 && {
      id: 'suppressed',
      title: 'Suppressed',
      count: report.suppressed?.length ?? 0,
      Room: Suppressed,
    },
    {
      id: 'allow',
      title: report.egress === 'block' ? 'Blocked' : 'Outside of the policy',
      count: refused,
      alarm: refused > 0,
      Room: Allow,
    },
    {
      id: 'destinations',
      title: 'Destinations',
      count: report.destinations.length,
      Room: Destinations,
    },
    { id: 'dns', title: 'DNS', count: report.dns.length, Room: Dns },
    report.http.length > 0 && {
      id: 'http',
      title: 'HTTPS requests',
      count: report.http.length,
      Room: Requests,
    },
    report.opaque.length > 0 && {
      id: 'opaque',
      title: 'Not read',
      count: report.opaque.length,
      Room: Opaque,
    },
    report.tokenCalls.length > 0 && {
      id: 'permissions',
      title: 'Token permissions',
      count: null,
      Room: Permissions,
    },
    { id: 'processes', title: 'Processes', count: report.counts.processes },
    { id: 'files', title: 'Files', count: report.files.length, Room: Files },
    (report.changes ?? []).length > 0 && {
      id: 'changes',
      title: 'Changed by others',
      count: report.changes?.length ?? 0,
      alarm: report.changes?.some(({ state }) => state === 'restored') ?? false,
      Room: Changes,
    },
    { id: 'sandbox', title: 'Sandbox', count: report.sandbox.length, Room: Sandbox },
    { id: 'policy', title: 'Recommended policy', count: null, Room: Policy },
    { id: 'health', title: 'Health', count: null, Room: HealthSection },
  ]
  return rooms.filter((room) => room !== false)
}
