import { z } from 'zod'
import { base, size } from './base.ts'
import { Truth } from './words.ts'

/**
 * What a file descriptor is: `fifo` is a pipe that has a name; `network` a socket of an internet family whose
 * peer is not on this machine, `loopback` one whose peer is, `socket` any other.
 */
export const Stdio = z.enum([
  'closed',
  'file',
  'directory',
  'pipe',
  'fifo',
  'device',
  'socket',
  'network',
  'loopback',
  'other',
])
export type Stdio = z.infer<typeof Stdio>

export const ProcessExec = z.object({
  ...base,
  kind: z.literal('process.exec'),
  pid: z.int(),
  parentExecId: z.string().nullable(),
  /**
   * Where the parent is a fork that runs no program of its own: the nearest ancestor that does, which has an event like
   * this one; null: none has. Left out where it is the parent.
   */
  ancestorExecId: z.string().nullable().optional(),
  parentPid: z.int(),
  uid: z.int(),
  /** Path of the program as the kernel resolved it. */
  exe: z.string(),
  argv: z.array(z.string()),
  /** argv was longer than what the kernel side keeps. */
  argvTruncated: z.boolean(),
  cwd: z.string(),
  inode: z.string(),
  device: z.string(),
  /**
   * When the program's file was last changed (its ctime), nanoseconds since the epoch. With `device` and `inode` it names what ran:
   * the `process.program` with the same three has its hash. Missing: not known, or so short before that it does not tell what
   * ran; a `process.program` with the same `execId` and `time` does.
   */
  changed: z.string().optional(),
  /** The program is an anonymous memory file. */
  memfd: z.boolean(),
  /** The program's file had no name any more when it started. */
  deleted: z.boolean(),
  /** What its input, output and error output were when it started. */
  stdio: z.array(Stdio).optional(),
})

/**
 * What the file of a program held as it was started: told once for each in a job, when it has been read, behind the first
 * `process.exec` of it. A second one comes where it could be read later only.
 */
export const ProcessProgram = z.object({
  ...base,
  kind: z.literal('process.program'),
  path: z.string(),
  device: z.string(),
  inode: z.string(),
  /** As in `process.exec`; missing: it is told of that one start. */
  changed: z.string().optional(),
  /** Bytes; null: not known. */
  size: size.nullable(),
  /** Hexadecimal; null: it was not read, `unread` says why. */
  sha256: z.string().nullable(),
  /**
   * `gone`: the process had ended, and the file was nowhere to be found; `changed`: it was written to or replaced since;
   * `large`: longer than is read; `served`: by a process (FUSE) or another machine, which may give each reader something else, or let it wait; `budget`: too
   * many were to be read; `late`: the job was over before.
   */
  unread: z.enum(['', 'gone', 'changed', 'large', 'served', 'unreadable', 'budget', 'late']),
})

export const ProcessExit = z.object({
  ...base,
  kind: z.literal('process.exit'),
  pid: z.int(),
  code: z.int().nullable(),
  signal: z.int().nullable(),
})

/** A step of a workflow begins: its root process runs its first program. What it does has its `step`. */
export const StepStart = z.object({
  ...base,
  kind: z.literal('step.start'),
  pid: z.int(),
  /** `owner/repository@ref` of the action that the step uses; null: it is a script, or a local action. */
  action: z.string().nullable(),
  /** The stage of the action; null: not known. Of a script it is `main`. */
  stage: z.enum(['pre', 'main', 'post']).nullable().optional(),
  job: z.string().nullable(),
  workflow: z.string().nullable(),
  repository: z.string().nullable(),
  runId: z.string().nullable(),
  runAttempt: z.string().nullable(),
  /** From the root's environment as the runner gave it, before its first instruction. */
  truth: Truth,
})
