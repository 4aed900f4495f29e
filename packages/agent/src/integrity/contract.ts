/** What the reading thread and the agent say to each other. */

/** Larger files are not read. */
export const mostBytes = 256 << 10

/** Why there is no digest; empty: there is one. */
export type Unread =
  | ''
  | 'gone'
  | 'large'
  /** It is no regular file. */
  | 'special'
  /** The path leads to something else here: a mount, a link, another root. */
  | 'elsewhere'
  | 'unreadable'
  /** Too much was to be read. */
  | 'budget'

/** What a file held. */
export interface Content {
  /** SHA-256, hexadecimal; null: it was not read. */
  digest: string | null
  unread: Unread
  bytes: number
  /** The file's ctime, which a job can't set: milliseconds since the epoch, behind the act by one tick of the kernel at most. */
  changedMs: number
  /** When it had surely been read. */
  readMs: number
  /** Of a file that rules ask this of: whether it has what they ask for; see startup-files.ts. */
  notable?: boolean
}

export type ReaderAsk =
  | { kind: 'read'; files: [number: number, path: string][] }
  /** Reads what there is below a folder, slowly; what was changed since `before` (milliseconds) is left out. */
  | { kind: 'walk'; root: string; before: number }

export type ReaderReply =
  | { kind: 'read'; files: [number: number, content: Content][] }
  | { kind: 'walked'; files: [path: string, digest: string][] }
