import { z } from 'zod'
import { base } from './base.ts'
import { ProcessExec, ProcessExit, ProcessProgram, StepStart } from './process.ts'
import { DnsQuery, NetConnect, NetFlow } from './network.ts'
import { HttpRequest, HttpResponse, HttpOpaque } from './http.ts'
import { FileWrite, FileCreate, FileDelete, FileRead, FileRename, FileChanged } from './file.ts'
import { SandboxChange } from './sandbox.ts'
import { SecretFound, Detection } from './finding.ts'

/**
 * The contract of events: what a run writes to `events.ndjson`, one JSON object a line, and what
 * every other part (report, control plane, web) reads. Kinds and fields are only ever added.
 *
 * Text that came from a job (paths, arguments, names) is attacker-controlled: it is kept as it
 * was, with bytes that are no UTF-8 replaced by U+FFFD, and escaped wherever it is shown.
 */

export const Hook = z.object({
  name: z.string(),
  tier: z.enum(['T0', 'T1', 'T2']),
  state: z.enum(['active', 'refused', 'unneeded']),
  /** Why it was refused or is not needed; empty when active. */
  reason: z.string(),
})
export type Hook = z.infer<typeof Hook>

export const AgentHealth = z.object({
  ...base,
  kind: z.literal('agent.health'),
  /** `armed`, `lost` (events were), `gap` (something could not be seen), `ended`. */
  state: z.enum(['armed', 'lost', 'gap', 'ended']),
  detail: z.string(),
  tier: z.enum(['T0', 'T1', 'T2', 'none']),
  hooks: z.array(Hook),
  /** Events that the kernel side or the agent could not keep, by kind. */
  eventsLost: z.record(z.string(), z.number()),
})

export const Event = z.discriminatedUnion('kind', [
  ProcessExec,
  ProcessProgram,
  ProcessExit,
  StepStart,
  DnsQuery,
  NetConnect,
  NetFlow,
  HttpRequest,
  HttpResponse,
  HttpOpaque,
  FileWrite,
  FileCreate,
  FileDelete,
  FileRead,
  FileRename,
  FileChanged,
  SandboxChange,
  SecretFound,
  Detection,
  AgentHealth,
])
export type Event = z.infer<typeof Event>
export type EventKind = Event['kind']
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>
