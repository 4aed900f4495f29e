import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { policy } from '../enforce/rig.ts'
import { ServiceRig } from './rig.ts'

const flows = 10_000

let rig: ServiceRig
beforeAll(() => {
  rig = new ServiceRig()
})
afterAll(() => rig[Symbol.asyncDispose]())

/** Other lines each time, so that every flow is under another line than before. */
const numbered = (round: number) => {
  const others = Array.from({ length: 500 }, (_, i) => `10.${round}.${i >> 8}.${i & 255}:443`)
  return policy('block', [...others.slice(round * 7), '198.51.100.1:8080'].join(' '))
}

test('10,000 connections live through policies that change under them', async () => {
  rig.policy = () => numbered(0)
  await rig.govern()
  await rig.start('serve', '8080')
  const kept = await rig.start('keep', '198.51.100.1', '8080', `${flows}`)
  for (let round = 1; round <= 5; round++) {
    rig.policy = () => numbered(round)
    expect(await rig.service.reload()).toBe(true)
  }
  rig.policy = () => {
    throw new Error('a policy that cannot be read')
  }
  expect(await rig.service.reload()).toBe(false)
  const ended = once(kept.stdout as NodeJS.ReadableStream, 'data')
  kept.stdin?.end()
  expect(String((await ended)[0])).toMatch(/^\d+ rounds, 0 failed\n$/)
  expect(rig.said).toContain(
    'flows: reload refused, the policy before it stays in force: a policy that cannot be read',
  )
  expect(
    rig.events
      .filter((event) => event.kind === 'agent.health')
      .map(({ state, detail }) => `${state} ${detail.split(':')[0]}`),
  ).toEqual([
    expect.stringContaining('armed'),
    ...Array.from({ length: 5 }, () => 'armed policy reloaded'),
    'gap reload refused, the policy before it stays in force',
  ])
  // The agent's own writing to the policy's maps is nobody's tampering.
  expect(rig.events.filter(({ kind }) => kind === 'detection')).toEqual([])
}, 200_000)

test('what the next policy does not allow any more ends', async () => {
  const kept = await rig.start('keep', '198.51.100.1', '8080', '10')
  rig.policy = () => policy('block', '203.0.113.9:8080')
  expect(await rig.service.reload()).toBe(true)
  // The pieces of a connection that is refused are sent again by the kernel, not the program: none comes back.
  const ended = once(kept, 'exit')
  kept.stdin?.end()
  kept.kill('SIGTERM')
  await ended
  await expect(rig.start('keep', '198.51.100.1', '8080', '1')).rejects.toThrow('ended with 1')
}, 100_000)
