import { AgentError } from '../../src/errors.ts'
import { hashOf, type KnownJob } from '../../src/jobs/job-file.ts'
import type { Stage } from '../../src/jobs/runner.ts'
import { requireOwnStage } from '../../src/jobs/who-asks.ts'
import { expect, test } from 'vitest'

const nonce = '1'.repeat(64)
const known = { nonceHash: hashOf(nonce), action: 'runwarden', records: [] } as unknown as KnownJob
/** Its agent was killed, and this is the next one. */
const taken = { ...known, records: ['/out/jobs/1'] }
const root = { step: 'runwarden', stage: 'post', late: false } as const

interface Given {
  nonce?: string
  action?: string
  of?: KnownJob
  root?: { step: string; stage: 'pre' | 'main' | 'post'; late: boolean } | undefined
  start?: string
}

/** Of a process that asks for the report, in an agent that came at tick 500. @returns the code of its refusal; null: it is answered */
function refusal(given: Given): string | null {
  try {
    requireOwnStage({
      op: 'report',
      nonce: given.nonce ?? nonce,
      stage: { pid: 7, action: given.action ?? 'runwarden' } as Stage,
      known: given.of ?? known,
      watch: { rootOf: () => given.root },
      asker: { pid: 7, uid: 0, gid: 0, start: given.start ?? '600' },
      armedAt: 500,
    })
    return null
  } catch (error) {
    return error instanceof AgentError ? error.code : String(error)
  }
}

test.each([
  ['the action’s post', { root }, null],
  ['the action’s post, after a restart of the agent', { root, of: taken }, null],
  ['a process that the kernel has not told as the beginning of a step', {}, 'REFUSED'],
  ['the same, in an agent that came before it', { of: taken }, 'REFUSED'],
  ['one that began while no agent was there', { of: taken, start: '500' }, 'UNSEEN'],
  ['one that began before the job’s only agent', { start: '400' }, 'REFUSED'],
  ['another step that began meanwhile', { of: taken, start: '500', action: 'evil' }, 'REFUSED'],
  ['a wrong nonce', { of: taken, start: '500', nonce: '2'.repeat(64) }, 'REFUSED'],
  ['the action’s main', { root: { ...root, stage: 'main' } }, 'REFUSED'],
] satisfies [string, Given, string | null][])('%s: %o → %s', (_, given, code) => {
  expect(refusal(given)).toBe(code)
})
