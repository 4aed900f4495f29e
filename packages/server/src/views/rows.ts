import {
  ProcessProgram,
  Protocol,
  ReportProgram,
  TlsLibrary,
  Truth,
  Verdict,
} from '@runwarden/events'
import { z } from 'zod'

/** What every row of every view has; `n` counts them by their first appearance, from 1. */
export const rowBase = {
  n: z.int(),
  /** How often; of processes, how many programs they were. */
  count: z.int(),
  /** `seq` of the first event of it. */
  firstSeq: z.int(),
  /** Milliseconds since 1970, with a fraction. */
  firstTime: z.number(),
  lastTime: z.number(),
}

/** A row as the index keeps it: what is of its view alone is JSON. */
export type StoredRow = z.infer<z.ZodObject<typeof rowBase>> & { data: string }

/** Which programs, in which steps; the first ones. */
const programs = z.array(z.object({ exe: z.string().nullable(), step: z.string().nullable() }))
/** Which processes, each with the program that it was then; the first ones, up to `mostProcesses`. */
const processes = z.array(
  z.object({ execId: z.string(), exe: z.string().nullable(), step: z.string().nullable() }),
)
const decided = { verdict: Verdict, reason: z.string(), rule: z.string().nullable() }

const Image = z.object({
  exe: z.string(),
  argv: z.array(z.string()),
  argvTruncated: z.boolean(),
  cwd: z.string(),
  time: z.number(),
  /** Of the program's file as it was started; missing: not known. */
  sha256: z.string().exactOptional(),
  /** Why it was not read; missing: it was, or nothing was told. */
  unread: ProcessProgram.shape.unread.exactOptional(),
})

/** What each view's rows hold, and the index keeps as JSON. */
export const rowData = {
  destinations: z.object({
    ...decided,
    host: z.string().nullable(),
    /** The first ones behind the host. */
    addresses: z.array(z.string()),
    port: z.int(),
    protocol: Protocol,
    bytesOut: z.number(),
    programs,
    processes,
  }),
  dns: z.object({
    ...decided,
    name: z.string(),
    type: z.string(),
    server: z.string(),
    rcode: z.string().nullable(),
    addresses: z.array(z.string()),
    programs,
    processes,
  }),
  http: z.object({
    ...decided,
    method: z.string(),
    scheme: z.enum(['http', 'https']),
    host: z.string(),
    path: z.string(),
    /** How often each status came; requests without one are in none. */
    statuses: z.record(z.string(), z.int()),
    requestBytes: z.number(),
    responseBytes: z.number(),
    programs,
  }),
  opaque: z.object({
    library: TlsLibrary.nullable(),
    reason: z.string(),
    host: z.string().nullable(),
    bytesSent: z.number(),
    bytesReceived: z.number(),
    programs,
  }),
  files: z.object({
    path: z.string(),
    action: z.enum(['write', 'create', 'delete', 'rename', 'read']),
    to: z.string().nullable(),
    sensitive: z.string().nullable(),
    workspace: z.boolean(),
    /** The kernel's errno when it failed, 0 when it was done. */
    errno: z.int(),
    truth: Truth,
    programs,
  }),
  changes: z.object({
    path: z.string(),
    state: z.enum(['changed', 'restored', 'unchanged', 'unknown']),
    ways: z.array(z.string()),
    relation: z.enum(['same-program', 'same-step', 'other-step', 'before-run']),
    writer: z
      .object({ exe: z.string(), command: z.string(), step: z.string().nullable() })
      .nullable(),
    /** SHA-256 of the last time. */
    before: z.string().nullable(),
    after: z.string().nullable(),
    dependency: z.string().nullable(),
    programs,
  }),
  processes: z.object({
    execId: z.string(),
    parentExecId: z.string().nullable(),
    pid: z.int(),
    uid: z.int(),
    step: z.string().nullable(),
    /** The programs that it has been, the first ones. */
    images: z.array(Image),
    endTime: z.number().nullable(),
    code: z.int().nullable(),
    signal: z.int().nullable(),
  }),
  programs: ReportProgram.omit({ count: true }),
  sandbox: z.object({ change: z.string(), detail: z.string(), errno: z.int(), programs }),
  secrets: z.object({
    place: z.string(),
    path: z.string(),
    position: z.int(),
    secret: z.string(),
    form: z.string(),
    proven: z.boolean(),
    /** Equal for equal secrets of one run. */
    hash: z.string(),
    programs,
  }),
}
export type RowData = { [V in keyof typeof rowData]: z.infer<(typeof rowData)[V]> }
