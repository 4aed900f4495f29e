/** A detection that a replay must have, with what a person must be able to see behind it. */
export interface Expected {
  readonly id: string
  /** GITHUB_ACTION of the step that it is told of. */
  readonly step: string
  /** Programs from the step's first process down to the one that acted, in this order; others may be between them. */
  readonly chain: readonly string[]
  /** A part of the finding or of the events behind it, as events.ndjson has them: the file, destination or command. */
  readonly shows: string
}

/**
 * An attack as a job of a workflow: what it was observed to do, harmless, towards names of the lab only.
 *
 * Its folder has `workflow.yml`, and where it needs them `actions/owner/repository/ref`, `repository` (the
 * checkout), `internet` (what the attacker's servers hand out), `home` (files in the home folder) and `machine`
 * (files over those of the machine, seen in the lab only).
 */
export interface Replay {
  /** As its folder. */
  readonly name: string
  /** As in the table of attacks. */
  readonly title: string
  readonly folder: string
  /** What audit mode must find. None at all: nothing may be found. */
  readonly audit: readonly Expected[]
  readonly block: readonly Expected[]
  /** What block mode stopped, in words. */
  readonly kept: string
  /** In audit mode the job's token reaches the attacker in the clear: block mode's empty records say something. */
  readonly steals?: true
  /** Names for programs that stand in for others: e.g. docker for /bin/true. */
  readonly standIns?: Readonly<Record<string, string>>
  readonly event?: { readonly name: string; readonly payload: Record<string, unknown> }
}

/** Where the stolen goods go: names that no policy allows. */
export const attacker = {
  names: [
    'gist.example.net',
    'scan.aquasecurtiy.example',
    'webhook.example.net',
    'pool.example.net',
    'bun.example.net',
    'api.github.com',
    'kubernetes.default.svc',
  ],
  address: '203.0.113.66',
  metadata: '169.254.169.254',
} as const

/** The only host that the policy of block mode allows. */
export const allowedHost = 'registry.example.org'
