import type { FoundSecret, KnownSecret } from './scanner.ts'

/** What the thread that looks into uploaded files and the agent say to each other. */

/** So much of a file is looked at: of a longer one, its beginning. */
export const mostOfFile = 64 << 20
/** Of an archive, so much of what it unpacks to; of each file in it, its beginning. */
export const mostOfArchive = 256 << 20
export const mostOfEntry = 4 << 20
/** Of all files: at once, and for each millisecond that passes. */
export const mostAtOnce = 512 << 20
export const mostPerMs = 1024

/** Given to the thread at its start. */
export interface ArtifactWorkerData {
  /** Key of the hashes. */
  key: Uint8Array
}

export interface UploadedFile {
  /** Descriptors of whose it is, as of NamedFile; by default the agent's own. */
  root?: number
  mounts?: number
  path: string
}

export type ArtifactAsk =
  | { kind: 'know'; secrets: readonly KnownSecret[] }
  | ({ kind: 'look'; number: number } & UploadedFile)

/** Why a file was not looked into, or not to its end. */
export type NotLooked =
  | ''
  | 'gone'
  | 'unreadable'
  | 'long'
  /** It is an archive, or compressed, in a form that is not unpacked. */
  | 'packed'
  /** There were too many secrets in it. */
  | 'many'
  /** There were too many, or they came when there was no time any more. */
  | 'budget'

/** A secret in a file; the value itself stays in the thread. */
export interface SecretInFile extends Omit<FoundSecret, 'value' | 'offset'> {
  /** From 1; of what is packed, in what it unpacks to. */
  line: number
  hash: string
  /** Of an archive, the file in it; else empty. */
  entry: string
}

export interface ArtifactReply {
  number: number
  /** That were looked at. */
  bytes: number
  not: NotLooked
  found: SecretInFile[]
}
