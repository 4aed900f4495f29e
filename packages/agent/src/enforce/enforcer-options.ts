import type { BpfMap } from '@runwarden/libbpf'
import type { CompiledPolicy } from '@runwarden/policy'
import type { Exemptions } from './exempt.ts'

export interface EnforcerOptions {
  /** Folder of the BPF objects for this processor. */
  objectDir?: string
  /** Directory of the scope's cgroup (v2). */
  scopeCgroup: string
  /** The rings of the sensor, its count of losses, and NARROWING_MAPS: without these no process fulfils a narrowed line. */
  reuse: { urgent: BpfMap; bulk: BpfMap; lost: BpfMap } & Readonly<Record<string, BpfMap>>
  /** The sensor's map for a program that looks at socket(); without it the program gets a hook of its own. */
  socketCalls?: BpfMap | null
  compiled: CompiledPolicy
  /** The step of what is in none of a workflow. */
  step?: string
  /** Where the DNS proxy listens on 127.0.0.1 and ::1; null: port 53 of that family is like any other. */
  proxy: { port4: number | null; port6: number | null }
  /** Who the policy does not hold for; without it, it holds for everybody in the scope. */
  exempt?: Exemptions | undefined
  /** Id of the agent's own cgroup, where it is in the scope. */
  agentCgroup?: bigint | undefined
  /** Cookie of the network namespace that the proxy is in; without it all namespaces count as one. */
  netns?: bigint
  /** The machine's resolver is on the machine itself: the scope may not bind its port. */
  localResolver?: boolean
  /**
   * A folder in a bpffs. Without it enforcement ends with this process. What an earlier agent pinned there is taken over:
   * the policy takes effect on it without an instant in which none is in force.
   */
  pinDir?: string
}
