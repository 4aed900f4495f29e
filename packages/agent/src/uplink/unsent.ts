import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { ownNamespaces, processStart, stateHome } from '../run-state.ts'
import type { UplinkServer } from './uplink.ts'

/** A job of which its control plane has not got all yet. */
export interface Unsent extends UplinkServer {
  /** The folder of the job's record, which has its spool. */
  record: string
  /** The job has ended, and its report is in the record; null: it goes on, or its agent was killed in the middle of it. */
  end: { exit: number | null } | null
  /** When the job started, ms since 1970. */
  since: number
}

/** A control plane takes a job's token for so long, ms. */
const validMs = 7 * 24 * 3_600_000

/**
 * The jobs of which something is still to be sent, a file each: `<home>/unsent/<job>.<whose agent>.json`. With the job's
 * token in it, for root alone, so that the agent after one that was killed can send the rest. A token is good for its one
 * job; root in a job could take it from the agent's memory as well.
 */
export class UnsentJob {
  #job: Unsent
  #file: string
  readonly #folder: string

  private constructor(folder: string, file: string, job: Unsent) {
    this.#folder = folder
    this.#file = file
    this.#job = job
  }

  /** @throws the system's error */
  static keep(job: Omit<Unsent, 'end' | 'since'>, home: string = stateHome): UnsentJob {
    const folder = join(home, 'unsent')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const kept = new UnsentJob(folder, ownName(job.jobId), {
      ...job,
      end: null,
      since: Date.now(),
    })
    kept.#write()
    return kept
  }

  /** Takes over those whose agent is gone; of two agents that do so at once one has each. */
  static claim(home: string = stateHome, jobId?: string): UnsentJob[] {
    const folder = join(home, 'unsent')
    return namesIn(folder).flatMap((name) => {
      const [, id = '', pid, start] = /^([\w-]{1,100})\.(\d+)-(\d+)\.json$/.exec(name) ?? []
      if (id === '' || (jobId !== undefined && id !== jobId)) return []
      if (processStart(Number(pid)) === start) return []
      try {
        const path = join(folder, name)
        const { namespaces, ...job } = JSON.parse(readFileSync(path, 'utf8')) as Kept
        // From elsewhere its agent only looks gone, and its control plane may be out of reach.
        if (namespaces !== whereWeAre()) return []
        if (Date.now() - job.since > validMs) {
          rmSync(path)
          return []
        }
        renameSync(path, join(folder, ownName(id)))
        return [new UnsentJob(folder, ownName(id), job)]
      } catch {
        // Another agent has it, or it is none.
        return []
      }
    })
  }

  get job(): Unsent {
    return this.#job
  }

  /** The job has ended; its report is in its record. @throws the system's error */
  ended(exit: number | null): void {
    this.#job = { ...this.#job, end: { exit } }
    this.#write()
  }

  /** Nothing of it is to be sent any more. */
  remove(): void {
    rmSync(join(this.#folder, this.#file), { force: true })
    try {
      rmdirSync(this.#folder)
      if (dirname(this.#folder) === stateHome) rmdirSync(stateHome)
    } catch {
      // Another job's file is in it, or a run's folder.
    }
  }

  #write(): void {
    const path = join(this.#folder, this.#file)
    const kept: Kept = { ...this.#job, namespaces: whereWeAre() }
    writeFileSync(`${path}.part`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${path}.part`, path)
  }
}

interface Kept extends Unsent {
  /** Of the agent. */
  namespaces: string
}

const whereWeAre = (): string => `${ownNamespaces()} ${readlinkSync('/proc/self/ns/net')}`

const ownName = (jobId: string): string =>
  `${jobId}.${process.pid}-${processStart(process.pid)}.json`

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
