import type { EventOf } from '@runwarden/events'

/** What the hashing thread and the agent say to each other. */

/** Larger files are not read. */
export const mostBytes = 256 << 20

/** What a ctime may lag behind the clock, ms: it is that of the kernel's last tick, of which there are 100 in a second at least. */
export const tickMs = 11

export type Unread = EventOf<'process.program'>['unread']

/** The file of a program, as the kernel knew it when it was started. */
export interface ProgramAsk {
  /** In the mount namespace of the process. */
  path: string
  /** `major:minor` */
  device: string
  inode: string
  /** Its ctime, ns since the epoch. */
  changed: string
  pid: number
  parentPid: number
  /** Its ctime does not tell whether it was written to since: see young.ts. */
  young: boolean
  /** Whoever reads it may wait for ever: see ExecRecord. */
  served: boolean
  /** Its path leads to nothing: it is an anonymous memory file, or was deleted before it was started. */
  nameless: boolean
}

/** A program's file, open: whoever asks for its hash closes it. */
export interface ToRead {
  number: number
  fd: number
  /** Bytes. */
  size: number
  /** Its ctime when it was opened, ns since the epoch. */
  ctimeNs: bigint
  /** See ProgramReply. */
  ranAt: number | null
  pid: number
  /** As of ProgramAsk. */
  young: boolean
}

/** `hurry`: the end of a job waits for what is being read; `calm`: none does any more. */
export type ToHasher = ToRead | 'hurry' | 'calm'

/** What was read of a program's file. */
export interface WasRead {
  number: number
  /** Hexadecimal; null: it was not read. */
  sha256: string | null
  unread: Unread
  /** Bytes, behind that. */
  size: number
  /** Its ctime behind that, ns since the epoch. */
  ctimeNs: bigint
}

export interface ProgramReply {
  /** Hexadecimal; null: it was not read. */
  sha256: string | null
  unread: Unread
  /**
   * Its ctime alone does not show that it was not changed. A process of that id ran it at this time still, milliseconds since the
   * epoch: if that was the process that was started, nobody could write to it by then. Null: its ctime shows it.
   */
  ranAt: number | null
}
