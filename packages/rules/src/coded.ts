import type { Severity } from '@runwarden/events'

/** A detection that code makes, since it is more than a condition on events. */
interface CodedDetection {
  readonly id: string
  readonly severity: Severity
  /** What looks for it, and when it is wrong. */
  readonly falseAlarms: string
}

/** Detections that are no rules, for lists of all detections. */
export const codedDetections: readonly CodedDetection[] = [
  {
    id: 'exfiltration-attempt',
    severity: 'high',
    falseAlarms:
      'Names that carry data: the statistics of a zone (packages/agent/src/tunnels.ts). Services that put long ids into names.',
  },
  {
    id: 'agent-tampered',
    severity: 'critical',
    falseAlarms:
      'Acts against the agent, its maps, programs and record (packages/agent/src/guard). Administrators who work on the same machine.',
  },
  {
    id: 'https-outbound-anomaly',
    severity: 'medium',
    falseAlarms:
      "Requests to GitHub outside of the job's repository (packages/agent/src/https). Jobs that work on several repositories.",
  },
  {
    id: 'imposter-commit',
    severity: 'high',
    falseAlarms:
      'Actions pinned to commits that no branch and no tag of their repository leads to (packages/action/src/imposters.ts). Commits of branches that were deleted after a merge by squashing.',
  },
  {
    id: 'job-locked-down',
    severity: 'high',
    falseAlarms: 'Not found but done: the policy ended the job because of another detection.',
  },
]
