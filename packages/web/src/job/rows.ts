import type {
  ChangeRow,
  DestinationRow,
  DnsRow,
  FileRow,
  HttpRow,
  JobDetection,
  OpaqueRow,
  ProcessRow,
  SandboxRow,
  SecretRow,
} from '@runwarden/api'

/** Who did something, as far as it is told: a report names the process, the server's views the program. */
export interface Program {
  exe: string | null
  step: string | null
  execId?: string
}

/** A row as the job page shows it: the server's, of which a report does not tell the times. */
type Shown<R extends { firstTime: number; lastTime: number }> = Omit<
  R,
  'firstTime' | 'lastTime' | 'programs' | 'processes'
> & {
  firstTime: number | null
  lastTime: number | null
} & (R extends { programs: unknown } ? { programs: readonly Program[] } : unknown) &
  (R extends { processes: unknown } ? { processes: readonly Program[] } : unknown)

/** What each list of a job holds. */
export interface Rows {
  destinations: Shown<DestinationRow>
  dns: Shown<DnsRow>
  http: Shown<HttpRow>
  opaque: Shown<OpaqueRow>
  files: Shown<FileRow>
  changes: Shown<ChangeRow>
  processes: Shown<ProcessRow>
  sandbox: Shown<SandboxRow>
  secrets: Shown<SecretRow>
}
export type View = keyof Rows

/** A detection, with its evidence in words where it is at hand. */
export type Finding = JobDetection & {
  acts?: readonly { seq: number; time: number; text: string }[]
}
