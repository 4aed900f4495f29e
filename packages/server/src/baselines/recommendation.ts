import { needsLine, recommend, type RecommendDestination } from '@runwarden/policy'
import type { Baseline, BaselineDestination } from './baseline.ts'
import { type Rotating, rotating } from './collapse.ts'

/** What speaks for a line of a recommended policy. */
export interface Evidence {
  /** A host, an address, or a wildcard that stands for `names`. */
  host: string
  port: number
  protocol: string
  /** In how many of the runs; the newest of these. */
  runs: number
  jobIds: string[]
  first: { jobId: string; at: number }
  last: { jobId: string; at: number }
  steps: string[]
  programs: string[]
  /** The hosts that a wildcard stands for; empty: it is none. */
  names: string[]
}

/** Runs that are named for a line. */
const mostJobs = 20

/**
 * The smallest policy that the runs of a baseline would have needed, and the evidence for each line.
 * @param refused what the newest of the runs was refused, or only looked up: it stands there as comments
 */
export function recommendation(
  baseline: Baseline,
  refused: readonly RecommendDestination[] = [],
): { text: string; evidence: Evidence[] } {
  const wildcards = rotating(baseline.destinations, baseline.runs)
  const collapsed = new Set(wildcards.flatMap(({ hosts }) => hosts))
  const evidence = [
    ...wildcards.map(ofWildcard),
    ...withAddresses(baseline.destinations)
      .filter((one) => !collapsed.has(one))
      .map(ofDestination),
  ]
  const lines = evidence.map((one) => lineOf(one, baseline.runs))
  return { text: recommend([...lines, ...refused]), evidence }
}

function lineOf(one: Evidence, runs: number): RecommendDestination {
  const { host, port, protocol, programs, names, first } = one
  const isAddress = /^[\d.]+$|:/.test(host)
  const seen = `in ${one.runs} of ${runs} runs`
  return {
    host: isAddress ? null : host,
    address: isAddress ? host : '',
    port,
    protocol,
    verdict: 'allowed',
    processes: programs.map((exe) => ({ exe })),
    ...(names.length === 0
      ? { evidence: seen }
      : {
          pattern: host,
          evidence: `${names.length} names since ${new Date(first.at).toISOString().slice(0, 10)}, ${seen}`,
        }),
  }
}

function ofDestination(one: BaselineDestination): Evidence {
  const { host, addresses, port, protocol, runs, jobIds, first, last, programs } = one
  return {
    host: host ?? addresses[0] ?? '',
    port,
    protocol,
    runs,
    jobIds: jobIds.slice(-mostJobs).toReversed(),
    first,
    last,
    steps: texts(programs.map(({ step }) => step)),
    programs: texts(programs.map(({ exe }) => exe)),
    names: [],
  }
}

/** What no name alone opens needs a line beside that of its name: destinations, and such addresses of theirs. */
function withAddresses(destinations: readonly BaselineDestination[]): BaselineDestination[] {
  const all = new Map<string, BaselineDestination>()
  const add = (one: BaselineDestination): void => {
    const key = `${one.protocol} ${one.host ?? one.addresses[0] ?? ''} ${one.port}`
    const known = all.get(key)
    all.set(key, known === undefined ? one : together(known, one))
  }
  for (const one of destinations) {
    add(one)
    if (one.host === null) continue
    for (const address of one.addresses.filter(needsLine))
      add({ ...one, host: null, addresses: [address] })
  }
  return [...all.values()]
}

function together(a: BaselineDestination, b: BaselineDestination): BaselineDestination {
  const jobIds = [...new Set([...a.jobIds, ...b.jobIds])].toSorted()
  return {
    ...a,
    jobIds,
    runs: jobIds.length,
    first: a.first.at <= b.first.at ? a.first : b.first,
    last: a.last.at >= b.last.at ? a.last : b.last,
    programs: [...a.programs, ...b.programs],
  }
}

function ofWildcard({ pattern, port, protocol, hosts }: Rotating): Evidence {
  const all = hosts.map(ofDestination)
  // Ids are in the order of their times.
  const jobIds = [...new Set(hosts.flatMap((one) => one.jobIds))].toSorted()
  const first = all.map((one) => one.first).toSorted((a, b) => a.at - b.at)[0]
  const last = all.map((one) => one.last).toSorted((a, b) => b.at - a.at)[0]
  const none = { jobId: '', at: 0 }
  return {
    host: pattern,
    port,
    protocol,
    runs: jobIds.length,
    jobIds: jobIds.slice(-mostJobs).toReversed(),
    first: first ?? none,
    last: last ?? none,
    steps: texts(all.flatMap(({ steps }) => steps)),
    programs: texts(all.flatMap(({ programs }) => programs)),
    names: all.map(({ host }) => host),
  }
}

const texts = (all: readonly (string | null)[]): string[] =>
  [...new Set(all.filter((text) => text !== null))].toSorted()
