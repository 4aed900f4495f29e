import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { createContext, use, type ComponentType, type ReactNode } from 'react'
import type {
  AppliedPolicy,
  JobPermissions,
  PolicyHead,
  PolicySimulation,
  PolicyVersion,
  RecommendedPolicy,
  WhyDestination,
} from '@runwarden/api'

/** One destination, as `why` is asked. */
export interface Asked {
  host: string
  port: number
  protocol: 'tcp' | 'udp'
}

/** What of the job's destinations none of its runs before had. */
export interface Fresh {
  /** Finished runs before it. */
  runs: number
  /** As `tcp://host:port`. */
  destinations: ReadonlySet<string>
}

/** A new version of a policy. */
export interface Saved {
  text: string
  reason: string
  /** The version that it was written from; 0: there is none. */
  basedOn: number
}

/** What the server of a job knows and does beside the job's record. A report has none of it. */
export interface ControlPlane {
  /** Of whatever is asked of it. */
  key: readonly string[]
  /** The person may save policies. */
  mayEdit: boolean
  /** The jobs that are this one's past are known by its name: `repository`, `workflow`, `job`; null: it has none. */
  past: { repository: string; workflow: string; job: string } | null
  /** @param number of those that its agent has put in force; by default the newest */
  applied: (number?: number) => Promise<AppliedPolicy>
  why: (asked: Asked) => Promise<WhyDestination>
  fresh: () => Promise<Fresh>
  permissions: () => Promise<JobPermissions>
  /** Of the newest so many runs of the same job. */
  recommendation: (runs: number) => Promise<RecommendedPolicy>
  policies: () => Promise<PolicyHead[]>
  policy: (name: string) => Promise<PolicyVersion>
  simulate: (text: string, runs: number) => Promise<PolicySimulation>
  save: (name: string, saved: Saved) => Promise<PolicyVersion>
  paths: {
    /** Other jobs that had to do with a host or an address. */
    contacted: (host: string) => string
    /** Other jobs that started a program with this SHA-256. */
    started: (sha256: string) => string
    policy: (name: string, version?: number) => string
    job: (id: string) => string
    /** With the run before it, or with all of them. */
    compare: (other: 'previous' | 'baseline') => string
  }
  /** To another page of the app. */
  Link: ComponentType<{ to: string; className?: string; children: ReactNode }>
}

export const ControlPlaneContext = createContext<ControlPlane | null>(null)

/** null: the page is a report. */
export const useControlPlane = (): ControlPlane | null => use(ControlPlaneContext)

/** Something that only a server knows, asked when `wanted`. A report never asks. */
export function useKnown<T>(
  what: readonly string[],
  ask: (plane: ControlPlane) => Promise<T>,
  { wanted = true, every = false }: { wanted?: boolean; every?: number | false } = {},
): UseQueryResult<T> {
  const plane = useControlPlane()
  return useQuery({
    queryKey: [...(plane?.key ?? ['report']), ...what],
    queryFn: () => {
      if (plane === null) throw new Error('A report has no server to ask')
      return ask(plane)
    },
    enabled: wanted && plane !== null,
    refetchInterval: every,
  })
}
