import type { CompiledPolicy } from '@runwarden/policy'
import type { EnforceMapIds } from '../enforce/maps.ts'
import type { DnsLimits, DnsStats } from './contract.ts'
import type { OutpostSockets } from './outpost.ts'
import type { ProxyPorts } from './proxy.ts'

/** What the DNS thread is started with. */
export interface DnsWorkerData {
  policy: CompiledPolicy
  resolvers: readonly string[]
  limits: DnsLimits
  /** Memory of the RecordRing that queries are told by. */
  ring: SharedArrayBuffer
}

/** What the agent asks of the DNS thread; each is answered by a DnsReply with its number. */
export type DnsRequest = { number: number } & (
  | { kind: 'maps'; ids: EnforceMapIds }
  | { kind: 'policy'; policy: CompiledPolicy }
  | { kind: 'serve'; sockets: OutpostSockets }
  | { kind: 'leave'; namespace: number }
  | { kind: 'stats' }
  | { kind: 'close' }
)

export type DnsReply =
  | { kind: 'ready'; ports: ProxyPorts }
  /** The ring is half full, or has a record behind a while of none. */
  | { kind: 'records' }
  /** A query was not answered, by a fault of the thread's own. */
  | { kind: 'fault'; text: string }
  | { kind: 'done'; number: number; stats: DnsStats }
  | { kind: 'failed'; number: number; error: Error }
