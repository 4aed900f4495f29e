import { createHash, timingSafeEqual } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { GithubFacts, JobIdentity, JobRequest, JobServer } from '@runwarden/events'

/** A job that is under way, as the next agent needs it when this one is killed. */
export interface KnownJob {
  id: string
  /** SHA-256 of the nonce, hex: who reads this file cannot ask. */
  nonceHash: string
  request: Omit<JobRequest, 'server'>
  /** Its token is in no file. */
  server: Omit<JobServer, 'token'> | null
  identity: JobIdentity
  /** GITHUB_ACTION of the action's steps. */
  action: string
  /** The folder of its scripts. */
  folder: string
  worker: number
  /** Clock ticks since boot: another process may get its number. */
  workerStart: string
  /** Of whom the reports are readable for. */
  gid: number
  /** The account that the job's steps run as. */
  uid: number
  /** The cgroup's directory. */
  cgroup: string
  /** It was made for the job. */
  ownCgroup: boolean
  /** Scope of the configuration that the job's settings are in force on; null: it is the job's own. */
  overrules: string | null
  /** Folders of its records: each agent that watches it begins one. */
  records: string[]
  github: GithubFacts
}

export function hashOf(nonce: string): string {
  return createHash('sha256').update(nonce, 'hex').digest('hex')
}

export function isNonceOf(nonce: string, { nonceHash }: KnownJob): boolean {
  return timingSafeEqual(Buffer.from(hashOf(nonce), 'hex'), Buffer.from(nonceHash, 'hex'))
}

/** The jobs' files, `<home>/jobs/<id>.json`, for root alone. */
export class JobFiles {
  readonly #folder: string

  constructor(home: string) {
    this.#folder = join(home, 'jobs')
  }

  write(job: KnownJob): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const file = join(this.#folder, `${job.id}.json`)
    writeFileSync(`${file}.part`, JSON.stringify(job), { mode: 0o600 })
    renameSync(`${file}.part`, file)
  }

  read(): KnownJob[] {
    let names: string[]
    try {
      names = readdirSync(this.#folder).filter((name) => name.endsWith('.json'))
    } catch {
      return []
    }
    return names.map(
      (name) => JSON.parse(readFileSync(join(this.#folder, name), 'utf8')) as KnownJob,
    )
  }

  has(id: string): boolean {
    return existsSync(join(this.#folder, `${id}.json`))
  }

  remove(id: string): void {
    rmSync(join(this.#folder, `${id}.json`), { force: true })
  }
}
