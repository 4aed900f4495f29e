/**
 * stage.js start HOME BUNDLE NODE | stage.js stop HOME ID
 *
 * The part of starting and stopping an agent that root does, for start.ts. One line of JSON on standard output says how it went.
 * Steps of the job may write to the action's own folder and to the runner's Node.js. What root runs from now on, the
 * agent and each restart of it, is a copy that they can't change; of it they can't read anything either.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { copyFile, copyFolder } from './stage/copy.ts'
import { environment } from './stage/environment.ts'
import { StartError, textOf } from './stage/error.ts'
import {
  findJobFolder,
  type JobFolder,
  makeJobFolder,
  mountsOf,
  processesOf,
} from './stage/folder.ts'
import { hasSystemd, type Launched, launch, unitOf } from './stage/launch.ts'

/** How long the agent may take to end what it enforces, ms. */
const patience = 60_000

export interface Staged extends Launched {
  /** Of the job's agent. */
  folder: string
  socket: string
}

export interface Stopped {
  /** The end of what the agent said. */
  lastWords: string
}

export type StageAnswer<Value> =
  | { ok: true; value: Value }
  | { ok: false; code: string; message: string; advice: string }

async function start(home: string, bundle: string, node: string): Promise<Staged> {
  const folder = makeJobFolder(home)
  try {
    await Promise.all([copyFile(node, folder.node), copyFolder(bundle, folder.bundle)])
    return { ...(await launch(folder)), folder: folder.path, socket: folder.socket }
  } catch (error) {
    const { lastWords } = await stop(folder)
    if (!(error instanceof StartError) || lastWords === '') throw error
    throw new StartError(error.code, `${error.message}: ${lastWords}`, error.advice, {
      cause: error,
    })
  }
}

/** Nothing is left of it then: no process, no unit, no mount, no folder. */
async function stop(folder: JobFolder): Promise<Stopped> {
  // It would be started again.
  if (hasSystemd()) run('systemctl', 'stop', unitOf(folder))
  await end(folder, 'SIGTERM', patience)
  await end(folder, 'SIGKILL', patience)
  for (const path of mountsOf(folder)) run('umount', '--lazy', path)
  const lastWords = readLog(folder)
  rmSync(folder.path, { recursive: true, force: true })
  return { lastWords }
}

/** Its failure shows in what is there afterwards. */
function run(program: string, ...words: string[]): void {
  try {
    execFileSync(program, words, { env: environment, stdio: 'ignore' })
  } catch {
    // A unit that has ended is gone, for one.
  }
}

async function end(folder: JobFolder, signal: NodeJS.Signals, patience: number): Promise<void> {
  for (const pid of processesOf(folder)) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended.
    }
  }
  const until = performance.now() + patience
  while (processesOf(folder).length > 0 && performance.now() < until) await sleep(20)
}

function readLog({ log }: JobFolder): string {
  try {
    return readFileSync(log, 'utf8').slice(-4_000).trim()
  } catch {
    return ''
  }
}

async function answer(words: string[]): Promise<StageAnswer<Staged | Stopped>> {
  const [task, home = '', first = '', second = ''] = words
  try {
    if (task === 'start') return { ok: true, value: await start(home, first, second) }
    return { ok: true, value: await stop(findJobFolder(home, basename(first))) }
  } catch (error) {
    if (error instanceof StartError)
      return { ok: false, code: error.code, message: error.message, advice: error.advice }
    return { ok: false, code: 'STAGE', message: textOf(error), advice: '' }
  }
}

console.log(JSON.stringify(await answer(process.argv.slice(2))))
