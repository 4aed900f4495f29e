/** How many entries each list of a report keeps. A run can do anything a million times. */
export interface Limits {
  /** Nodes of the process tree. Finished processes that did nothing of note make room for later ones. */
  processes: number
  /** Of each verdict: a flood of allowed destinations never hides a blocked one. */
  destinations: number
  /** Of each verdict. */
  dns: number
  /** Of each verdict. */
  http: number
  /** Requests whose response is still awaited, and calls of GitHub told apart. */
  requests: number
  /** Programs and hosts of traffic that was not read. */
  opaque: number
  /** Of ordinary files; places watched for being sensitive have as many again. */
  files: number
  /** Of each outcome. */
  changes: number
  /** Files of programs. */
  programs: number
  sandbox: number
  /** Of each severity, tampering has as many again; of what is suppressed, of each detection. */
  detections: number
  /** Processes named for one destination or one name. */
  processesOfEntry: number
  /** Addresses kept for one destination or one name. */
  addressesOfEntry: number
  /** Programs that one process has been. */
  images: number
  /** Characters kept of one argument, path or name, and of all arguments of one program. */
  text: number
  /** Events held to put the evidence of detections in words. */
  recentEvents: number
}

export const defaultLimits: Limits = {
  processes: 20_000,
  destinations: 10_000,
  dns: 10_000,
  http: 5_000,
  requests: 5_000,
  opaque: 1_000,
  files: 10_000,
  changes: 1_000,
  programs: 5_000,
  sandbox: 1_000,
  detections: 500,
  processesOfEntry: 8,
  addressesOfEntry: 16,
  images: 32,
  text: 4_096,
  recentEvents: 1_024,
}
