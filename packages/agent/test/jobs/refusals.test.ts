import { expect, test } from 'vitest'
import type { EventBody } from '../../src/event-stream.ts'
import { AgentError } from '../../src/errors.ts'
import { Refusals } from '../../src/jobs/refusals.ts'
import type { GovernedScope } from '../../src/service/governed.ts'

/** A scope in which a process is in the step of its number's hundreds. */
function record(): { titles: string[]; said: string[]; refusals: Refusals } {
  const titles: string[] = []
  const said: string[] = []
  const scope = {
    watch: {
      processAt: (pid: number) => ({ execId: null, step: `step-${Math.floor(pid / 100)}` }),
    },
    stream: { emit: (body: EventBody) => titles.push('title' in body ? body.title : '') },
  } as unknown as GovernedScope
  return { titles, said, refusals: new Refusals(scope, (text) => void said.push(text)) }
}

const refusal = (pid: number, why = 'ended'): AgentError =>
  new AgentError('NOT_A_STAGE', `process ${pid} asked the agent: started by process 7 (${why})`, '')

test('each step is told once for each reason, whatever processes it has; the others are counted', () => {
  const { titles, said, refusals } = record()
  for (const pid of [100, 101, 102, 200]) refusals.tell(refusal(pid), pid)
  refusals.tell(refusal(103, 'bash'), 103)
  expect([titles.length, said.length]).toEqual([3, 3])
  refusals.close()
  refusals.close()
  expect(titles.slice(3)).toEqual([expect.stringMatching(/ 2 more times$/)])
})

test('a step that asks in ever other ways does not fill the record', () => {
  const { titles, refusals } = record()
  for (let way = 0; way < 1000; way++) refusals.tell(refusal(100, `program-${way}`), 100)
  expect(titles).toHaveLength(32)
  refusals.close()
  expect(titles.at(-1)).toMatch(/ 968 more times$/)
})
