import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { join } from 'node:path'
import { errnoOf, messageOf } from '../errors.ts'
import { makeFolders, OutputFolder } from '../output.ts'
import { stateHome } from '../run-state.ts'
import { takeTurn } from '../turn.ts'
import type { UplinkServer } from './uplink.ts'

/** A job of which its control plane has not got all yet. */
interface Unsent extends UplinkServer {
  /** What it ended with; null: it goes on, or its agent was killed in the middle of it. */
  end: UnsentEnd | null
  /** When the job started, ms since 1970. */
  since: number
  /** Network namespace of its agent. */
  network: string
}

interface UnsentEnd {
  exit: number | null
  /** Of the last segment that was packed. */
  sequence: number
  /** The same one's, hex. */
  hash: string
  /** SHA-256 of the report, hex. */
  report: string
}

/** What a job ended with. */
export interface JobEnd {
  report: unknown
  exit: number | null
}

/** On a disk, since it may be much, and outlives a restart of the machine; in memory where nothing else can be written. */
const homes = ['/var/lib/runwarden', stateHome]
/** Bytes of events where they lie in memory. */
const mostInMemory = 32 << 20
/** TMPFS_MAGIC, RAMFS_MAGIC */
const inMemory = new Set([0x01021994, 0x858458f6])
/** A control plane takes a job's token for so long, ms. */
const validMs = 7 * 24 * 3_600_000

const jobName = 'job.json'
const reportName = 'report.json'
const lockName = 'lock'

/**
 * What waits for a job's control plane, `<home>/unsent/<job>/`: the job with its token, the events, and at its end the report. All
 * of it for root alone, and not in the job's record, which may be its account's: whoever can write there would tell the control plane
 * what has happened. The agent that has it holds a lock, which the kernel gives to the next one when it ends, however it ends.
 */
export class UnsentJob {
  readonly path: string
  #job: Unsent
  #turn: Disposable | undefined

  private constructor(path: string, turn: Disposable, job: Unsent) {
    this.path = path
    this.#turn = turn
    this.#job = job
  }

  /**
   * @param home the agent's state folder; by default what all agents have for it
   * @throws Error when there is no place for it
   */
  static keep(server: UplinkServer, home?: string): UnsentJob {
    const failures: string[] = []
    for (const one of homesFor(home))
      try {
        return UnsentJob.#keepIn(one, server)
      } catch (error) {
        failures.push(messageOf(error))
      }
    throw new Error(failures.join('; '))
  }

  static #keepIn(home: string, server: UplinkServer): UnsentJob {
    const path = join(placeIn(home), server.jobId)
    makeFolders(home)
    // That this is a link is for the machine's administrator.
    if (!isOurs(realpathSync(home))) throw new Error(`others can write to ${home}`)
    makePrivate(placeIn(home))
    makePrivate(path)
    const turn = takeTurn(join(path, lockName))
    if (turn === undefined) throw new Error(`another agent has ${path}`)
    const job = { ...server, end: null, since: Date.now(), network: ownNetwork() }
    const kept = new UnsentJob(path, turn, job)
    try {
      kept.#write(jobName, JSON.stringify(job))
      return kept
    } catch (error) {
      kept.remove()
      throw error
    }
  }

  /** Takes over those that no agent has; of two agents that do so at once one has each. */
  static claim(home?: string, jobId?: string): UnsentJob[] {
    return homesFor(home).flatMap((one) =>
      foldersIn(one, jobId).flatMap((path) => UnsentJob.#claimIn(path)),
    )
  }

  static #claimIn(path: string): UnsentJob[] {
    let turn: Disposable | undefined
    try {
      // Without it the job is being kept, or removed, at this moment.
      if (!isForUs(readJob(path))) return []
      turn = takeTurn(join(path, lockName))
      return turn === undefined ? [] : [new UnsentJob(path, turn, readJob(path))]
    } catch {
      // Another agent has just removed it, or it cannot be read now.
      turn?.[Symbol.dispose]()
      return []
    }
  }

  get job(): Readonly<Unsent> {
    return this.#job
  }

  /** Where the job's events wait. */
  get spool(): string {
    return join(this.path, 'spool')
  }

  /** Bytes that may wait there; undefined: as many as anywhere. */
  get most(): number | undefined {
    return inMemory.has(statfsSync(this.path).type) ? mostInMemory : undefined
  }

  /** It may be asked from here: what is on one network's loopback is somebody else on another's. */
  get isInReach(): boolean {
    return isOfOwnNetwork(this.#job) || this.#job.url.startsWith('https:')
  }

  /** By this machine's clock no control plane takes it any more. */
  get isOld(): boolean {
    return isOld(this.#job)
  }

  /** The job has ended. @throws the system's error */
  ended({ report, exit }: JobEnd, last: { sequence: number; hash: Buffer }): void {
    const text = JSON.stringify(report)
    this.#write(reportName, text)
    const { sequence, hash } = last
    const end = { exit, sequence, hash: hash.toString('hex'), report: sha256(text) }
    this.#write(jobName, JSON.stringify({ ...this.#job, end }))
    this.#job = { ...this.#job, end }
  }

  /** What `ended` was told, as far as it is there as it was written; null: the job's agent did not come to its end. */
  readEnd(): JobEnd | null {
    const { end } = this.#job
    if (end === null) return null
    try {
      const text = readIn(this.path, reportName).toString()
      if (sha256(text) === end.report) return { report: JSON.parse(text), exit: end.exit }
    } catch {
      // It is as good as damaged.
    }
    return { report: null, exit: end.exit }
  }

  /** Another agent may take it over. */
  release(): void {
    this.#turn?.[Symbol.dispose]()
    this.#turn = undefined
  }

  /** Nothing of it is to be sent any more. */
  remove(): void {
    try {
      // First what makes it a job: nobody takes over what is half removed.
      rmSync(join(this.path, jobName), { force: true })
      rmSync(this.path, { recursive: true, force: true })
    } finally {
      this.release()
    }
    try {
      const place = join(this.path, '..')
      rmdirSync(place)
      const home = join(place, '..')
      if (homes.includes(home)) rmdirSync(home)
    } catch {
      // Another job is in it, or other state.
    }
  }

  #write(name: string, text: string): void {
    const folder = OutputFolder.open(this.path)
    try {
      // Where that fails what was there stays: without its job nobody would take over what waits.
      folder.write(`${name}.new`, [text])
      folder.rename(`${name}.new`, name)
    } finally {
      folder.close()
    }
  }
}

function foldersIn(home: string, jobId?: string): string[] {
  const place = placeIn(home)
  try {
    if (!isOurs(realpathSync(home)) || !isOurs(place)) return []
    return readdirSync(place)
      .filter((name) => jobId === undefined || name === jobId)
      .map((name) => join(place, name))
      .filter((path) => isOurs(path))
  } catch {
    return []
  }
}

const homesFor = (home: string = stateHome): string[] => (home === stateHome ? homes : [home])

const placeIn = (home: string): string => join(home, 'unsent')

const readJob = (path: string): Unsent => JSON.parse(readIn(path, jobName).toString()) as Unsent

/** From another network its control plane may be out of reach; as long as there is time it is for an agent of its own. */
const isForUs = (job: Unsent): boolean => isOfOwnNetwork(job) || isOld(job)

const isOfOwnNetwork = ({ network }: Unsent): boolean => network === ownNetwork()

const isOld = ({ since }: Unsent): boolean => Date.now() - since > validMs

const ownNetwork = (): string => readlinkSync('/proc/self/ns/net')

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function makePrivate(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  if (!isOurs(path)) throw new Error(`others can write to ${path}`)
}

/** A folder that nobody else can put anything in, or in the place of what is in it. */
function isOurs(path: string): boolean {
  const facts = lstatSync(path, { throwIfNoEntry: false })
  return (
    facts?.isDirectory() === true && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0
  )
}

function readIn(path: string, name: string): Buffer {
  const folder = OutputFolder.open(path)
  try {
    return folder.read(name)
  } finally {
    folder.close()
  }
}
