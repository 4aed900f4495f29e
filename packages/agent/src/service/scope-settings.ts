import type { GithubFacts, RunFacts } from '@runwarden/events'
import type { BlockList, CompiledPolicy } from '@runwarden/policy'
import type { RuleSet } from '@runwarden/rules'
import type { EventSink } from '../event-stream.ts'
import type { JobLockdownSettings } from '../job-lockdown.ts'
import type { ExemptSettings } from './exempt.ts'

/** Where the record of a scope goes. */
export interface ScopeRecord {
  onEvent: EventSink
  /** Writes the reports. */
  finish: (facts: RunFacts) => Promise<unknown>
  /** Nothing was watched. */
  abandon: () => void
  /** Number of the last event that an agent before this one has sent of the same job. */
  after?: number
}

export interface ScopeSettings {
  /** In reports and on stderr; unique. */
  name: string
  /** As a person names it: see findCgroup. */
  cgroup: string
  /** It may come later than the agent. */
  wait?: boolean
  /** The scope is the whole machine, which may be a job's alone: the policy of one that says so takes the place of its own. */
  jobsMayReplace?: boolean
  policyFile: string | null
  /** See WatchSettings. */
  governing?: readonly string[]
  /** See WatchSettings. */
  own?: readonly string[]
  /** Changes of files below it are told; null: of none but the sensitive places. */
  workspace: string | null
  exempt: ExemptSettings
  /** Interfaces that lead out of the machine beside those that are found to; for the whole machine only. */
  uplinks: readonly string[]
  /** Reads and compiles the scope's policy and block list: at the start and at each reload. */
  read: () => Promise<CompiledPolicy>
  /** Its block list, which holds for a job that overrules the rest, too. @throws PolicyError, AgentError */
  blockList?: (() => BlockList | undefined) | undefined
  /** What reports call it, as a command line. */
  command?: readonly string[]
  /** See WatchSettings. For a job: who adds it takes its account's roads to root away, too. */
  lockdown?: JobLockdownSettings
  /** The job's place on GitHub; by default that of this process. */
  github?: GithubFacts
  /** Whose runner the job is on. */
  runner?: string
  /** Rules of detections, those that are built in among them; without, only those. */
  rules?: RuleSet | undefined
  /** Changes when the rules do. */
  rulesVersion?: string
  record: () => Promise<ScopeRecord>
}

/** What is to be in force on a scope. */
export interface ScopeTarget {
  settings: ScopeSettings
  compiled: CompiledPolicy
}

/** @throws PolicyError, AgentError */
export async function readTarget(settings: ScopeSettings): Promise<ScopeTarget> {
  return { settings, compiled: await settings.read() }
}
