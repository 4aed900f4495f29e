import { describe, expect, test } from 'vitest'
import { play, replays } from '../src/replays/index.ts'

describe.for(replays)('$name', ({ script, audit, block }) => {
  test('audit mode tells what it was', async () => {
    const { detections } = await play(script, 'audit')
    const ids = new Set(detections.map(({ id }) => id))
    expect([...ids]).toEqual(expect.arrayContaining([...audit]))
    // What the agent says of itself has no event behind it: on a machine under load, that it was held up.
    const byJob = detections.filter(({ id }) => id !== 'agent-tampered')
    if (audit.length === 0) expect(byJob).toEqual([])
    for (const { title, text, evidence } of byJob) {
      expect(text).not.toBe('')
      expect(evidence.length, title).toBeGreaterThan(0)
    }
  })

  test('block mode keeps everything in, and tells', async () => {
    const { detections, stolen, received } = await play(script, 'block')
    expect({ stolen, received }).toEqual({ stolen: [], received: 0 })
    const ids = new Set(detections.map(({ id }) => id))
    expect([...ids]).toEqual(expect.arrayContaining([...block]))
  })
})

test('lockdown ends the job when its detection is found, and says why', async () => {
  const script = `cat /proc/$(pgrep -x Runner.Worker)/environ >/dev/null; sleep 300; echo went on`
  const { status, stdout, stderr, detections } = await play(script, 'audit', [
    '--lockdown',
    'runner-worker-memory-read',
  ])
  expect(status).toBe(137)
  expect(stdout).not.toContain('went on')
  expect(stderr).toContain('runwarden: the job was ended: ')
  expect(detections.map(({ id }) => id)).toEqual(['runner-worker-memory-read', 'job-locked-down'])
})
