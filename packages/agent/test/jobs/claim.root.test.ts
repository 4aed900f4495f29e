import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Claim } from '../../src/jobs/claim.ts'
import { processStart } from '../../src/run-state.ts'

const home = '/run/runwarden-jobs'
/** No process has such a number: pid_max is 2^22 at most. */
const gone = 4_194_305
const own = `${process.pid} ${processStart(process.pid)}`

/** A claim as an agent left it. @returns its file */
function left(worker: number, start: string, holder: string): string {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const file = join(home, `${worker}-${start}`)
  writeFileSync(file, holder, { mode: 0o600 })
  onTestFinished(() => rmSync(file, { force: true }))
  return file
}

test('with each claim those go that nobody comes back to: their agent was killed, and their worker has ended', () => {
  const start = processStart(process.pid) ?? ''
  const stale = left(gone, '1', `${gone} 1`)
  const unwritten = left(gone, '2', '')
  const reused = left(process.pid, '1', `${process.pid} 1`)
  const ofLiveAgent = left(gone, '3', own)
  const claim = Claim.take(process.pid, start)
  expect([stale, unwritten, reused, ofLiveAgent].map((file) => existsSync(file))).toEqual([
    false,
    false,
    false,
    true,
  ])
  claim.release()
})

test('a worker that lives keeps the claim of its killed agent for the next one, which takes it', () => {
  const { ppid } = process
  const file = left(ppid, processStart(ppid) ?? '', `${gone} 1`)
  Claim.take(process.pid, processStart(process.pid) ?? '').release()
  expect(existsSync(file)).toBe(true)
  const claim = Claim.take(ppid, processStart(ppid) ?? '')
  expect(readFileSync(file, 'utf8')).toBe(own)
  claim.release()
  expect(existsSync(file)).toBe(false)
})

test('a worker that is about to be watched is claimed by nobody else, not by the same agent either', () => {
  const { ppid } = process
  const start = processStart(ppid) ?? ''
  const claim = Claim.take(ppid, start)
  expect(() => Claim.take(ppid, start)).toThrow(expect.objectContaining({ code: 'JOB_HERE' }))
  claim.release()
  Claim.take(ppid, start).release()
})
