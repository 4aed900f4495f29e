import type { GithubFacts } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import type { RuleSet } from '@runwarden/rules'
import type { Baseline } from '../baseline.ts'
import type { Exemptions } from '../enforce/exempt.ts'
import type { EventStream } from '../event-stream.ts'
import type { JobLockdownSettings } from '../job-lockdown.ts'
import type { LinkSettings } from '../link/link-layer.ts'
import type { Scope } from '../scope.ts'
import type { KnownSecret } from '../secrets/scanner.ts'
import type { WorkerRule } from '../steps.ts'

/** The scope's cgroup, and what is kept of its policy outside of this process. */
export interface WatchPlace {
  readonly scope: Scope
  /** In a bpffs. What an earlier agent pinned there is taken over. */
  readonly pinDir: string
  /** An earlier agent's policy is in force there: it is not ended because this one cannot follow it. */
  readonly adopted: boolean
  /** Leaves nothing of it behind. */
  close(): Promise<void>
}

export interface WatchSettings {
  compiled: CompiledPolicy
  workspace: string
  /** Files that say what holds for the job (policy, block list, rules), absolute: who changes one is told. */
  governing?: readonly string[] | undefined
  /** Places of files that the action's later stages run: who changes one is told. */
  own?: readonly string[] | undefined
  /** Its processes are to reach no container engine outside of the scope. */
  withoutEngines?: boolean
  /** Of what is in no step of a workflow. */
  step: string
  /** By default the scope's first program. */
  worker?: WorkerRule | undefined
  github: GithubFacts
  stream: EventStream
  say: (text: string) => void
  /** Rules of detections, those that are built in among them; without, only those. */
  rules?: RuleSet | undefined
  /** Descriptors of this process that the command's output goes to. */
  outputs?: readonly number[] | undefined
  /** Values to be found in the build log. */
  secrets?: readonly KnownSecret[] | undefined
  /** Destinations of past runs; undefined: what is new is not told. */
  baseline?: Baseline | undefined
  /** There is a runner's worker in the scope that goes on when a detection ends the job; by default all of the scope is killed. */
  lockdown?: JobLockdownSettings | undefined
  /** Who the policy does not hold for. */
  exempt?: Exemptions | undefined
  /** Id of the agent's own cgroup, where it is in the scope. */
  agentCgroup?: bigint | undefined
  /** What was in force before was this agent's own, and had a record of its own. */
  handedOver?: boolean | undefined
  /** The scope is the whole machine: what leaves by its uplinks is decided, too. */
  link?: LinkSettings | undefined
}
