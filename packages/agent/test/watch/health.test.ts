import type { EventBody } from '../../src/event-stream.ts'
import { expect, test } from 'vitest'
import { RunHealth } from '../../src/watch/health.ts'

test('gaps are told one by one up to a bound, and counted from there on', () => {
  const said: string[] = []
  const told: EventBody[] = []
  const health = new RunHealth({
    step: 'job',
    say: (text) => said.push(text),
    stream: { emit: (event: EventBody) => void told.push(event) } as never,
  })
  health.arm('T0', [])
  for (let i = 0; i < 3_000; i++) health.gap(`gap ${i}`)
  const { gaps } = health.end({}, 'over')
  expect(gaps).toHaveLength(201)
  expect(gaps.at(-1)).toBe('2800 more gaps are not told one by one')
  expect(said).toHaveLength(201)
  expect(told).toHaveLength(202)
})
