import type { Database } from '../db/database.ts'
import { type Contact, destinationOf, factsOf, left } from './job-facts.ts'
import type { PastJob } from './past-jobs.ts'

/** Of that many runs in a row each brings nothing new: stable. */
export const settledAfter = 10

interface Seen {
  jobId: string
  /** Milliseconds since 1970. */
  at: number
}

export interface BaselineDestination {
  host: string | null
  addresses: string[]
  port: number
  protocol: Contact['protocol']
  verdicts: Contact['verdict'][]
  /** In how many of the window's jobs, and in which, the oldest first. */
  runs: number
  jobIds: string[]
  first: Seen
  last: Seen
  programs: { exe: string | null; step: string | null; runs: number }[]
}

export interface Baseline {
  /** Jobs of the window, and since when. */
  runs: number
  since: number | null
  /** How many of the newest jobs in a row reached nothing that no job of the window had reached before. */
  settledRuns: number
  state: 'stable' | 'unstable'
  destinations: BaselineDestination[]
  /** Jobs that had more destinations than are looked at. */
  truncatedRuns: number
}

/** Addresses, and programs, of a destination that are named. */
const mostNamed = 20

/**
 * What jobs have reached, each destination with the evidence for it.
 * @param jobs the newest first
 */
export async function baselineOf(index: Database, jobs: readonly PastJob[]): Promise<Baseline> {
  const all = new Map<string, BaselineDestination>()
  let settledRuns = 0
  let truncatedRuns = 0
  for (const job of jobs.toReversed()) {
    const { contacts, truncated } = await factsOf(index, job.id)
    if (truncated) truncatedRuns++
    const before = all.size
    for (const contact of contacts) if (left(contact)) add(all, job, contact)
    settledRuns = all.size > before ? 0 : settledRuns + 1
  }
  return {
    runs: jobs.length,
    since: jobs.at(-1)?.startedAt ?? null,
    settledRuns,
    state: settledRuns >= settledAfter ? 'stable' : 'unstable',
    destinations: [...all.values()].toSorted(
      (a, b) => b.runs - a.runs || (nameOf(a) < nameOf(b) ? -1 : 1) || a.port - b.port,
    ),
    truncatedRuns,
  }
}

const nameOf = ({ host, addresses }: BaselineDestination): string => host ?? addresses[0] ?? ''

function add(all: Map<string, BaselineDestination>, job: PastJob, contact: Contact): void {
  const key = destinationOf(contact)
  const seen = { jobId: job.id, at: job.startedAt }
  const { host, port, protocol } = contact
  let known = all.get(key)
  if (known === undefined) {
    known = {
      host,
      addresses: [],
      port,
      protocol,
      verdicts: [],
      runs: 0,
      jobIds: [],
      first: seen,
      last: seen,
      programs: [],
    }
    all.set(key, known)
  }
  // Of one job there may be several rows, by verdict and policy line.
  if (known.jobIds.at(-1) !== job.id) {
    known.jobIds.push(job.id)
    known.runs++
  }
  known.last = seen
  for (const address of contact.addresses)
    if (known.addresses.length < mostNamed && !known.addresses.includes(address))
      known.addresses.push(address)
  if (!known.verdicts.includes(contact.verdict)) known.verdicts.push(contact.verdict)
  for (const { exe, step } of contact.programs) {
    const program = known.programs.find((one) => one.exe === exe && one.step === step)
    if (program !== undefined) program.runs++
    else if (known.programs.length < mostNamed) known.programs.push({ exe, step, runs: 1 })
  }
}
