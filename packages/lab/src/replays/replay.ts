/** What an attack was observed to do, as a harmless script against servers of a lab. */
export interface Replay {
  /** As in the table of attacks. */
  readonly name: string
  /** Bash. In it are: $WORKSPACE, $HOME with credentials, $MARK (what must not get out), a process named Runner.Worker. */
  readonly script: string
  /** Detections that audit mode must have, each at least once. */
  readonly audit: readonly string[]
  /** Detections that block mode must have. */
  readonly block: readonly string[]
}

/** Where the stolen goods go: names that no policy allows. */
export const thief = {
  names: [
    'gist.example.net',
    'scan.aquasecurtiy.example',
    'webhook.example.net',
    'pool.example.net',
  ],
  address: '203.0.113.66',
  metadata: '169.254.169.254',
} as const

/** The only host that the policy of block mode allows. */
export const allowedHost = 'registry.example.org'
