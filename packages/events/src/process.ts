import { z } from 'zod'
import { base } from './base.ts'
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
  /** The program is an anonymous memory file. */
  memfd: z.boolean(),
  /** The program's file had no name any more when it started. */
  deleted: z.boolean(),
  /** What its input, output and error output were when it started. */
  stdio: z.array(Stdio).optional(),
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
