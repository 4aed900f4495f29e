import { githubHosts } from '@runwarden/policy/github-call'
import { type DetectionParts, Detections } from '../detections.ts'
import { OutboundCalls } from '../https/outbound.ts'
import { jobNames } from '../job-names.ts'
import type { NarratorParts } from '../narrator.ts'
import type { Enforcement } from './enforcement.ts'
import type { WatchSettings } from './settings.ts'

/** What makes detections of events: the rules, the guard, and what looks for calls of GitHub that leave the repository. */
export async function loadFindings(
  { rules, baseline, github }: WatchSettings,
  parts: Pick<DetectionParts, 'processes' | 'gap' | 'writerOf' | 'waits'>,
  enforcement: () => Enforcement,
): Promise<NarratorParts['detections']> {
  const detections = await Detections.load({
    ...parts,
    job: jobNames(process.env),
    rules,
    baseline,
  })
  const outbound = new OutboundCalls({
    repository: github.repository,
    hosts: githubHosts({
      GITHUB_API_URL: github.apiUrl ?? undefined,
      GITHUB_SERVER_URL: github.serverUrl ?? undefined,
    }),
    exeOf: (id) => parts.processes.exeOf(id),
    suppression: (event) => detections.suppression('https-outbound-anomaly', event),
  })
  return {
    see: (event) => {
      const found = detections.see(event)
      // Nearly all events lead to nothing.
      const byGuard = enforcement().guard.see(event)
      if (byGuard.length > 0) found.push(...byGuard)
      const ofCalls = outbound.see(event)
      if (ofCalls.length > 0) found.push(...ofCalls)
      return found
    },
  }
}
