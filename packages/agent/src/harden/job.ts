import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AgentError, errnoOf, messageOf } from '../errors.ts'
import { processStart } from '../run-state.ts'
import { hardenMachine, restoreMachine } from './machine.ts'
import { ownFile, removeFresh, replaceFile, unwritten } from './replace-file.ts'
import type { Level } from './roads.ts'
import { takeTurn } from '../turn.ts'

/**
 * disable-sudo and disable-sudo-and-containers for jobs whose processes run already. What is taken away is the account's, and the
 * machine's engines: it stays so as long as any job on the machine wants it, whichever agent watches that, and is undone with the last.
 */

/** A runner's worker. */
export interface JobWorker {
  pid: number
  /** As processStart() has it. */
  start: string
}

export interface JobHardening {
  level: Level
  /** Of the account that the job's steps run as. */
  uid: number
  worker: JobWorker
  /** Of root's, and on a disk: what was changed outlives a restart of the machine, and so must the record of it. */
  folder?: string
}

/** The action's first stage looks whether it is there, too. */
export const home = '/var/lib/runwarden/hardening'

/** Another agent takes the roads away, or gives them back: engines that stop take their time. */
const patienceMs = 60_000

/**
 * Takes the roads to root away, and tries each. Called again for a job, it changes only what has come back.
 * @returns what was changed, a few words for each
 * @throws AgentError what is open still, or why nothing can be taken; then what this call changed is undone
 */
export async function hardenForJob({
  level,
  uid,
  worker,
  folder = home,
}: JobHardening): Promise<string[]> {
  const user = nameOf(uid)
  return alone(folder, async () => {
    const holders = living(folder).filter((one) => !isSame(one, worker))
    // Before anything is changed: whatever ends this process, it is known for whom it was.
    writeHolders(folder, [...holders, worker])
    try {
      return await hardenMachine({ level, user, record: recordIn(folder) })
    } catch (error) {
      writeHolders(folder, holders)
      throw error
    }
  })
}

/**
 * A job has ended, or with none named: those whose workers are gone have. When no other one wants it the machine is as it was, as far as it
 * can be: what is on record still is tried with each call.
 * @returns a sentence for each thing that stays changed
 * @throws AgentError when the record can't be read
 */
export async function restoreAfterJob(worker?: JobWorker, folder = home): Promise<string[]> {
  if (readHolders(folder).length === 0 && !existsSync(recordIn(folder))) return []
  return alone(folder, async () => {
    const holders = living(folder).filter((one) => worker === undefined || !isSame(one, worker))
    // Before it is forgotten whose it was: whatever ends this process, the next one goes on.
    const stays = holders.length === 0 ? restoreMachine(recordIn(folder)) : []
    writeHolders(folder, holders)
    return stays
  })
}

const recordIn = (folder: string): string => join(folder, 'changes.json')
const holdersIn = (folder: string): string => join(folder, 'jobs.json')
const isSame = (a: JobWorker, b: JobWorker): boolean => a.pid === b.pid && a.start === b.start

function living(folder: string): JobWorker[] {
  return readHolders(folder).filter(({ pid, start }) => processStart(pid) === start)
}

function readHolders(folder: string): JobWorker[] {
  try {
    return JSON.parse(readFileSync(holdersIn(folder), 'utf8')) as JobWorker[]
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw new AgentError(
      'HARDEN_RECORD',
      `${holdersIn(folder)}, the record of the jobs that this machine was changed for, cannot be read: ${messageOf(error)}`,
      'set the machine up anew',
      { cause: error },
    )
  }
}

function writeHolders(folder: string, holders: readonly JobWorker[]): void {
  const file = holdersIn(folder)
  removeFresh(file)
  if (holders.length === 0) {
    rmSync(file, { force: true })
    return
  }
  replaceFile(file, Buffer.from(JSON.stringify(holders)), ownFile)
}

/** Agents that change the machine do so one after the other. */
async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const turn = await nextTurn(folder, join(folder, 'lock'))
  try {
    return await work()
  } finally {
    turn[Symbol.dispose]()
    removeEmpty(folder)
  }
}

async function nextTurn(folder: string, lock: string): Promise<Disposable> {
  const until = performance.now() + patienceMs
  for (;;) {
    const turn = tryTurn(folder, lock)
    if (turn !== undefined) return turn
    if (performance.now() > until)
      throw new AgentError(
        'HARDEN_BUSY',
        `another agent is changing this machine's roads to root (${lock})`,
        'try again when it has ended',
      )
    await delay(50)
  }
}

function tryTurn(folder: string, lock: string): Disposable | undefined {
  // Each time: who had the lock before may have left no folder.
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return takeTurn(lock)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw unwritten(lock, error)
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    // The record of changes, or another agent's lock; or another agent has removed it.
    if (!['ENOTEMPTY', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error
  }
}

/** @throws AgentError when the machine knows no such account */
function nameOf(uid: number): string {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.split(':')[2] === String(uid))
  if (line !== undefined) return line.slice(0, line.indexOf(':'))
  throw new AgentError(
    'NO_USER',
    `the job runs as user ${uid}, and there is no such account in /etc/passwd`,
    'run the runner as an account of this machine',
  )
}
