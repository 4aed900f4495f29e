import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { createContext, use } from 'react'
import type { JobHealth, TreeProcess } from '@runwarden/api'
import type { Report, Verdict } from '@runwarden/events'
import { type Pages, usePages } from '../ui/pages.ts'
import type { Finding, Rows, View } from './rows.ts'

/** What narrows a list. */
export interface Narrowing {
  verdict?: Verdict | null
  /** Rows with this text in them, whatever its letters' case. */
  search?: string
}

/** What is known of a job as a whole. */
export interface JobFacts {
  /** Its name among the jobs of its run, or the command that was run. */
  name: string
  state: 'running' | 'silent' | 'lost' | 'finished'
  /** null: not known (yet). */
  egress: 'audit' | 'block' | null
  protection: Report['protection'] | null
  armed: boolean | null
  /** It has the detection `agent-tampered`. */
  tampered: boolean
  /** An agent before the last one was killed. */
  interrupted: boolean
  tier: string | null
  exit: number | null
  /** Milliseconds since 1970. */
  startedAt: number
  finishedAt: number | null
  repository: string | null
  workflow: string | null
  run: string | null
  attempt: string | null
  ref: string | null
  sha: string | null
  event: string | null
  actor: string | null
  runner: string | null
  events: number
  eventsLost: Readonly<Record<string, number>>
  /** How many rows each list has. */
  rows: Readonly<Partial<Record<View, number>>>
  /** Of acts (attempts, queries, requests), loopback left out. */
  byVerdict: Readonly<Partial<Record<Verdict, number>>>
  detections: number
}

/** Which of a job's processes: a parent's children, one with those that it came from, a search; none of these: those without a parent. */
export interface TreeAsked {
  parent?: string
  line?: string
  search?: string
}

/** A step of the job that has begun. */
export interface Step {
  /** As rows name it. */
  id: string
  name: string
  /** Milliseconds since 1970; null: not known. */
  from: number | null
  to: number | null
}

/** An event in words. */
export interface Act {
  seq: number
  time: number | null
  text: string
}

/** Where a job page has its rows from: the server, page by page, or the report that is in the same file. */
export interface JobSource {
  /** Of whatever is asked of it. */
  key: readonly string[]
  facts: JobFacts
  /** `server`: it changes while the job runs; `report`: it is a file. */
  kind: 'server' | 'report'
  /** How often a list is worth to be asked for again, milliseconds. */
  every: number | false
  page: <V extends View>(
    view: V,
    asked: Narrowing & { after: number | undefined },
  ) => Promise<{ items: Rows[V][]; next: number | null }>
  /** The gravest first, behind them those that are suppressed. */
  findings: (after: string | undefined) => Promise<{ items: Finding[]; next: string | null }>
  /** Processes with what each did, page by page. */
  tree: (
    asked: TreeAsked,
    after: number | undefined,
  ) => Promise<{ items: TreeProcess[]; next: number | null }>
  /** How far the record can be trusted to be all of it. */
  health: () => Promise<JobHealth>
  /** In the order in which they began. */
  steps: () => Promise<Step[]>
  /** The events behind a detection, as far as they are at hand. */
  acts: (finding: Finding) => Promise<Act[]>
  /** What a process did itself, page by page. */
  deeds: (
    execId: string,
    after: string | undefined,
  ) => Promise<{ items: Act[]; next: string | null }>
  /** What only a report has (recommended policy, permissions); null: the job has none (yet). */
  report: () => Promise<Report | null>
}

export const JobContext = createContext<JobSource | null>(null)

/** The job that the page is about. */
export function useJob(): JobSource {
  const source = use(JobContext)
  if (source === null) throw new Error('A part of the job page stands outside of it')
  return source
}

/** A list of the job, narrowed. */
export function useRows<V extends View>(view: V, narrowing: Narrowing = {}): Pages<Rows[V]> {
  const { key, page, every } = useJob()
  const { verdict = null, search = '' } = narrowing
  return usePages(
    [...key, view, verdict, search],
    (after: number | undefined) => page(view, { verdict, search, after }),
    { every, like: key.length + 1 },
  )
}

/** The job's detections. */
export function useFindings(): Pages<Finding> {
  const { key, findings, every } = useJob()
  return usePages([...key, 'detections'], findings, { every })
}

export function useTree(asked: TreeAsked, enabled = true): Pages<TreeProcess> {
  const { key, tree, every } = useJob()
  const { parent = '', line = '', search = '' } = asked
  return usePages(
    [...key, 'tree', parent, line, search],
    (after: number | undefined) => tree(asked, after),
    { every, enabled, like: search === '' ? null : key.length + 3 },
  )
}

/** One of the job's processes; null: it is not in the record. What it is called does not change. */
export function useProcess(execId: string): UseQueryResult<TreeProcess | null> {
  const { key, tree } = useJob()
  return useQuery({
    queryKey: [...key, 'process', execId],
    queryFn: async () => (await tree({ line: execId }, undefined)).items.at(-1) ?? null,
    staleTime: Number.POSITIVE_INFINITY,
  })
}

export function useHealth(): UseQueryResult<JobHealth> {
  const { key, health, every } = useJob()
  return useQuery({ queryKey: [...key, 'health'], queryFn: health, refetchInterval: every })
}

export function useSteps(): UseQueryResult<Step[]> {
  const { key, steps, every } = useJob()
  return useQuery({ queryKey: [...key, 'steps'], queryFn: steps, refetchInterval: every })
}

/** @param wanted somebody wants to see them */
export function useActs(finding: Finding, wanted: boolean): UseQueryResult<Act[]> {
  const { key, acts } = useJob()
  return useQuery({
    queryKey: [...key, 'acts', finding.id],
    queryFn: () => acts(finding),
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
  })
}

/** What a process did. */
export function useDeeds(execId: string): Pages<Act> {
  const { key, deeds, every } = useJob()
  return usePages([...key, 'deeds', execId], (after: string | undefined) => deeds(execId, after), {
    every,
  })
}

/** The job's report: undefined as long as it is not there. */
export function useReport(): UseQueryResult<Report | null> {
  const { key, facts, report } = useJob()
  // A finished job has another one than none; then it does not change any more.
  return useQuery({
    queryKey: [...key, 'report', facts.state],
    queryFn: report,
    staleTime: Number.POSITIVE_INFINITY,
  })
}
