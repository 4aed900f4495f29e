import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { JobReport } from '@runwarden/events'
import { ObserverError } from './look.ts'
import type { ObserverAnswer, ObserverSettings } from './settings.ts'

/** The first answer of PowerShell takes its time on a machine that has just booted. */
const startMs = 90_000
const endMs = 90_000

/** What `post` needs to end an observer: kept between the stages of the action. */
export interface Observer {
  folder: string
  pid: number
}

/**
 * Starts a process that observes the job until `endObserver`, or until the runner's worker is gone. It stops nothing, and
 * its report says `unprotected`.
 * @param program the observer's program, `main.ts` of this folder or its bundle
 * @throws ObserverError when it has not seen the machine once
 */
export async function startObserver(
  settings: ObserverSettings,
  program: string,
): Promise<Observer> {
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    windowsHide: true,
    // Nothing of the job's environment but what the systems' own programs need, and the runner's mark of its processes.
    env: Object.fromEntries(
      ['SystemRoot', 'TEMP', 'RUNNER_TRACKING_ID'].flatMap((name) => {
        const value = process.env[name]
        return value === undefined ? [] : [[name, value]]
      }),
    ),
  })
  let late: NodeJS.Timeout | undefined
  try {
    const answer = await new Promise<ObserverAnswer>((done, fail) => {
      late = setTimeout(() => {
        fail(new Error(`it has not seen the machine in ${startMs / 1_000} s`))
      }, startMs)
      child.once('message', done)
      child.once('error', fail)
      child.once('exit', (code) => fail(new Error(`it ended with ${code}`)))
      child.send(settings, (error) => {
        if (error !== null) fail(error)
      })
    })
    if (!answer.ok) throw new ObserverError('START', answer.message, answer.advice)
    const { pid } = child
    if (pid === undefined) throw new Error('it has no process')
    child.unref()
    return { folder: settings.folder, pid }
  } catch (error) {
    child.kill()
    if (error instanceof ObserverError) throw error
    throw new ObserverError(
      'START',
      `the observer did not start: ${error instanceof Error ? error.message : String(error)}`,
      'nothing of this job is observed',
      { cause: error },
    )
  } finally {
    clearTimeout(late)
  }
}

/**
 * Has the observer look once more and write its reports.
 * @throws ObserverError when it is gone, or does not end: what it saw until then is in `events.ndjson` of its folder
 */
export async function endObserver({
  folder,
  pid,
}: Observer): Promise<Omit<JobReport, 'failMode' | 'failOn'>> {
  const path = join(folder, 'report.json')
  const until = performance.now() + endMs
  writeStop(folder)
  while (!existsSync(path)) {
    // Looked for once more when it is gone: it may have written the report just before.
    if (!isRunning(pid) && !existsSync(path))
      throw gone('the observer has ended, and left no report')
    if (performance.now() > until) throw gone(`the observer left no report in ${endMs / 1_000} s`)
    await delay(50)
  }
  // It is no part of the record.
  rmSync(join(folder, 'stop'), { force: true })
  const { health } = JSON.parse(readFileSync(path, 'utf8')) as { health: { gaps: string[] } }
  return { folder, gaps: health.gaps, interrupted: false, unsent: null, recommendation: null }
}

function writeStop(folder: string): void {
  try {
    writeFileSync(join(folder, 'stop'), '')
  } catch (error) {
    throw gone('the folder of the observer cannot be written to', error)
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function gone(message: string, cause?: unknown): ObserverError {
  return new ObserverError(
    'GONE',
    message,
    'take this job for not observed: a step can end the observer, and a full disk its report',
    { cause },
  )
}
