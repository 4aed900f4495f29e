import { type CompiledPolicy, type RecordedEvent, simulate } from '@runwarden/policy'
import type { Database } from '../db/database.ts'
import { factsOf, type JobFacts } from '../baselines/job-facts.ts'
import type { PastJob } from '../baselines/past-jobs.ts'

/** Something that a policy would have refused. */
export interface Refused {
  /** A host, an address, or a name that was asked for. */
  host: string
  /** null: it was only looked up. */
  port: number | null
  protocol: string | null
  /** What would have been decided, and why. */
  verdict: string
  reason: string
  rule: string | null
  /** What was decided at the time. */
  was: string[]
  /** In how many runs; the newest of these. */
  runs: number
  jobIds: string[]
}

export interface PolicySimulation {
  /** In words: `would have blocked 3 destinations in 2 of the last 50 runs`. */
  summary: string
  runs: number
  refusedRuns: number
  /** What is in most runs comes first. */
  refused: Refused[]
  /** Runs with more destinations than are looked at. */
  truncatedRuns: number
}

const mostJobs = 20

interface Counted {
  refused: Refused
  lastJob: string
}

/**
 * Decides what past jobs did again, under another policy. Lines for programs and steps are held against the first ten
 * programs of a destination, which is what is kept of it; rules about requests are not tried.
 * @param jobs the newest first
 */
export async function simulateJobs(
  index: Database,
  jobs: readonly PastJob[],
  compiled: CompiledPolicy,
): Promise<PolicySimulation> {
  const refused = new Map<string, Counted>()
  let refusedRuns = 0
  let truncatedRuns = 0
  for (const { id } of jobs) {
    const facts = await factsOf(index, id)
    if (facts.truncated) truncatedRuns++
    const { destinations, names } = simulate(compiled, eventsOf(facts))
    const reached = new Set(destinations.map(({ host }) => host))
    const found = [
      ...destinations.map((one) => refusalOf(one.host ?? one.address, one.port, one.protocol, one)),
      // A name that is refused is refused its connections, too.
      ...names
        .filter(({ name }) => !reached.has(name))
        .map((one) => refusalOf(one.name, null, null, one)),
    ].filter(({ verdict }) => verdict !== 'allowed')
    if (found.length > 0) refusedRuns++
    for (const one of found) add(refused, id, one)
  }
  const list = [...refused.values()]
    .map((one) => one.refused)
    .toSorted(
      (a, b) => b.runs - a.runs || (a.host < b.host ? -1 : 1) || (a.port ?? 0) - (b.port ?? 0),
    )
  const would = compiled.egress === 'block' ? 'would have blocked' : 'would have reported (audit)'
  const many = `${list.length} ${list.length === 1 ? 'destination' : 'destinations'}`
  return {
    summary: `${would} ${many} in ${refusedRuns} of the last ${jobs.length} runs`,
    runs: jobs.length,
    refusedRuns,
    refused: list,
    truncatedRuns,
  }
}

type Refusal = Omit<Refused, 'was' | 'runs' | 'jobIds'> & { was: string }

function refusalOf(
  host: string,
  port: number | null,
  protocol: string | null,
  { now, was, reason, rule }: { now: string; was: string; reason: string; rule: string | null },
): Refusal {
  return { host, port, protocol, verdict: now, was, reason, rule }
}

function add(all: Map<string, Counted>, jobId: string, { was, ...one }: Refusal): void {
  const key = JSON.stringify([one.host, one.port, one.protocol])
  let known = all.get(key)
  if (known === undefined) {
    known = { refused: { ...one, was: [], runs: 0, jobIds: [] }, lastJob: '' }
    all.set(key, known)
  }
  const { refused } = known
  if (!refused.was.includes(was)) refused.was.push(was)
  // Several addresses of one host are one destination.
  if (known.lastJob === jobId) return
  known.lastJob = jobId
  refused.runs++
  if (refused.jobIds.length < mostJobs) refused.jobIds.push(jobId)
}

/** As the events that they came from, a process for each program. */
function* eventsOf({ contacts, questions }: JobFacts): Generator<RecordedEvent> {
  for (const [n, contact] of [...contacts, ...questions].entries())
    for (const [k, { exe, step }] of actorsOf(contact).entries()) {
      const execId = `${n}-${k}`
      if (exe !== null) yield { kind: 'process.exec', execId, exe }
      const by = { execId, ...(step === null ? {} : { step }) }
      const { verdict, rule } = contact
      if ('name' in contact) yield { kind: 'dns.query', ...by, name: contact.name, verdict }
      else {
        const { host, port, protocol, addresses } = contact
        for (const address of addresses.length === 0 ? [''] : addresses)
          yield {
            kind: 'net.connect',
            ...by,
            host,
            address,
            port,
            protocol,
            verdict,
            rule,
            count: 1,
          }
      }
    }
}

/** Where nobody is known, somebody unknown did it. */
const actorsOf = ({
  programs,
}: {
  programs: { exe: string | null; step: string | null }[]
}): { exe: string | null; step: string | null }[] =>
  programs.length === 0 ? [{ exe: null, step: null }] : programs
