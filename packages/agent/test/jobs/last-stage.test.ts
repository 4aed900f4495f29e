import type { Event } from '@runwarden/events'
import { expect, test } from 'vitest'
import { LastStage } from '../../src/jobs/last-stage.ts'

const post = '7-7000-abcdef01'
const script = '/actions/runwarden/post.js'
const begins = { kind: 'step.start', execId: post, step: 'runwarden', stage: 'post' } as Event
const runs = (path: string): Event =>
  ({ kind: 'process.exec', execId: post, step: 'runwarden', argv: ['node', path] }) as Event
const ends = (code: number | null): Event =>
  ({ kind: 'process.exit', execId: post, step: 'runwarden', code }) as Event

/** @returns how many times the silence was told */
function told(of: (stage: LastStage) => void): number {
  let count = 0
  of(new LastStage({ action: 'runwarden', post: script, onSilent: () => void count++ }))
  return count
}

test.each([
  [
    'begins and ends without a word',
    1,
    (stage: LastStage) => {
      stage.see(begins)
      stage.see(runs(script))
    },
  ],
  [
    "is a sibling's in the same composite action",
    0,
    (stage: LastStage) => {
      stage.see(begins)
      stage.see(runs('/actions/sibling/post.js'))
    },
  ],
  ['is a program that a step runs itself', 0, (stage: LastStage) => stage.see(runs(script))],
  [
    'asks for the report',
    0,
    (stage: LastStage) => {
      stage.see(begins)
      stage.see(runs(script))
      stage.hasAsked = true
    },
  ],
  ['was there before the agent', 1, (stage: LastStage) => stage.isUnderWay(post)],
  ['has not begun', 0, (stage: LastStage) => stage.isUnderWay(null)],
])('a last stage that %s, and ends well: told %i times', (_, times, before) => {
  expect(
    told((stage) => {
      before(stage)
      stage.see(ends(0))
      stage.see(ends(0))
    }),
  ).toBe(times)
})

test('one that was there before the agent fails the job itself, and is not told for silent then', () => {
  expect(
    told((stage) => {
      stage.isUnderWay(post)
      stage.see(ends(1))
    }),
  ).toBe(0)
})
