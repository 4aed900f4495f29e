import type { Stdio } from '@runwarden/events'
import type { ConnectFields } from './decode/connect.ts'
import type { ContainerRights } from './decode/container.ts'

/** What every record says: which process did it, when. */
export interface RecordBase {
  /** CLOCK_BOOTTIME, nanoseconds; bootClock.toEpoch() makes it a date. */
  time: number
  tgid: number
  /** Start of the process, CLOCK_BOOTTIME, nanoseconds (exact in execId, to 2^53 here). */
  start: number
  /** `<tgid>-<start>-<boot>` */
  execId: string
  /** Effective, in the initial user namespace. */
  uid: number
}

/** A process became another program. */
export interface ExecRecord extends RecordBase {
  kind: 'exec'
  parentTgid: number
  parentExecId: string
  /** Path of the program's file, from the kernel's own object, in its mount namespace. */
  exe: string
  argv: string[]
  argvTruncated: boolean
  cwd: string
  inode: string
  /** `major:minor` */
  device: string
  /** When the program's file was last changed (its ctime), nanoseconds since the epoch. */
  changed: string
  /** The file's reader may wait for ever: see served.ts. */
  served: boolean
  memfd: boolean
  deleted: boolean
  /** What its descriptors 0, 1 and 2 are. */
  stdio: Stdio[]
  /** exe or cwd were longer than what is kept: their beginning is missing. */
  pathTruncated: boolean
  /**
   * What its descriptors 0 and 1 are, the same for all who have it from one another: of a pipe, also one with a name, the same for both
   * ends; of a unix socket the pid at its other end. 0: nobody is at another end.
   */
  ends: readonly [stdin: number, stdout: number]
  /** Number of the step that it is in, among those of this sensor; 0: of none. */
  step: number
}

/** A program called Runner.Worker was started by a process that is in no step: its children are the roots of steps. */
export interface WorkerRecord extends RecordBase {
  kind: 'worker'
  parentExecId: string
  inode: string
  /** `major:minor` */
  device: string
  /** It is the first program of the scope: the command of a run. */
  first: boolean
  /** It ran before the sensor did. */
  before: boolean
  /** An earlier sensor of the scope was told of it by knowWorker(). */
  known: boolean
  /** It is in a container that an engine's daemon made. */
  contained: boolean
}

/** A process of a step that ran before the sensor did. */
export interface RunningRecord extends RecordBase {
  kind: 'running'
  step: number
  parentExecId: string
  /** The step's root, or its oldest living ancestor in the step: the worker's child. */
  rootTgid: number
}

/** The first program in a container that a daemon made, or one that it put there: in no step by descent. */
export interface ContainedRecord extends RecordBase {
  kind: 'contained'
  step: number
}

/** A container engine's daemon, the record's process, has read a request on its socket. */
export interface AskedRecord extends RecordBase {
  kind: 'asked'
  /** Who has connected to it; null: it had ended by then. */
  asker: string | null
  /** Path of the request's URL, without the query. The asker's words. */
  path: string
}

/** A step of a workflow begins: its root, a worker's child, runs its first program. */
export interface StepRecord extends RecordBase {
  kind: 'step'
  step: number
  /** The worker. */
  parentExecId: string
  /**
   * What tells the step apart (decode/step.ts has the names), as the worker gave it. From memory of the process,
   * before its first instruction.
   */
  environment: Readonly<Record<string, string>>
  /** What it runs; a long argument is empty, and so are those that could not be read. */
  argv: readonly string[]
  /** A part of the environment could not be read, or was lost. */
  incomplete: boolean
}

/** A process (not a thread) was made; the record's process is the parent. */
export interface ForkRecord extends RecordBase {
  kind: 'fork'
  childTgid: number
  childStart: number
  childExecId: string
  /** Number of the step that the child is in, as ExecRecord has it. */
  step: number
}

/** The last thread of a process has ended. */
export interface ExitRecord extends RecordBase {
  kind: 'exit'
  /** Exit code; null when a signal ended it. */
  code: number | null
  signal: number | null
}

export type FileAction = 'read' | 'write' | 'create' | 'delete' | 'rename'

export interface FileRecord extends RecordBase {
  kind: 'file'
  action: FileAction
  /** What a rename really is; null for other actions. */
  link: 'rename' | 'hard' | 'symbolic' | null
  path: string
  /** The new name of a rename or link; null for other actions. */
  to: string | null
  /** `kernel`: from the kernel's own objects; `user`: the name stood in memory that the process could change meanwhile. */
  truth: 'kernel' | 'user'
  workspace: boolean
  /** Class of the sensitive place (sensitive.ts); null: it is none. */
  sensitive: string | null
  /** A read by the program of an action, which may upload it; where `sensitive` is null, it is told for that alone. */
  byAction: boolean
  /** A read of a file of the workspace that is open for writing, or mapped so; where `sensitive` is null, it is told for that alone. */
  beingWritten: boolean
  /** Positive errno when the act was refused; 0: it was done. */
  errno: number
  /** Done by io_uring. */
  uring: boolean
  /** The path's beginning is missing (deeper or longer than what is kept). */
  pathTruncated: boolean
  /** The process that a file of /proc is about; null: it is no such file. */
  targetTgid: number | null
}

export type SandboxChange =
  | 'mount'
  | 'unmount'
  | 'namespace'
  | 'setns'
  | 'chroot'
  | 'ptrace'
  | 'process-memory'
  | 'core-limit'
  | 'core-signal'
  | 'core-asked'
  | 'module'
  | 'capability'
  | 'cgroup'
  | 'bpf'
  | 'io_uring'
  | 'engine'
  | 'container'
  | 'signal'
  | 'guard'

/** An act that changes what a process can see, reach or do. */
export interface SandboxRecord extends RecordBase {
  kind: 'sandbox'
  change: SandboxChange
  /** For a person, e.g. `unshare(user, net)`. */
  detail: string
  truth: 'kernel' | 'user'
  errno: number
  targetPid: number | null
  /** Of the change `container`. */
  container?: ContainerRights
}

/** One attempt to reach a destination, or several alike: decode/connect.ts. */
export interface ConnectRecord extends RecordBase, ConnectFields {
  kind: 'connect'
}

export type SensorRecord =
  | ExecRecord
  | ForkRecord
  | ExitRecord
  | StepRecord
  | WorkerRecord
  | RunningRecord
  | ContainedRecord
  | AskedRecord
  | FileRecord
  | SandboxRecord
  | ConnectRecord
