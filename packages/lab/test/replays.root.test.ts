import { describe, expect, test } from 'vitest'
import { missing, play, replays } from '../src/replays/index.ts'

describe.for(replays)('$title', (replay) => {
  test('audit mode tells what it was, and by whom', async () => {
    const { report, job, arrived, stolen, stdout, stderr } = await play(replay, 'audit')
    expect(job?.status, stdout + stderr).toBe('success')
    // What block mode stops gets through without it, and the secrets with it: that its record is empty then says something.
    if (replay.block.some(({ id }) => id.endsWith('-blocked'))) expect(arrived).not.toEqual([])
    if (replay.steals) expect(stolen).not.toEqual([])
    expect(missing(report, replay.audit)).toEqual([])
    // What the agent says of itself has no act behind it: others may install packages on this machine meanwhile.
    const byJob = report.detections.filter(({ acts }) => acts.length > 0)
    if (replay.audit.length === 0) expect(byJob).toEqual([])
  })

  test('block mode keeps everything in, and tells', async () => {
    const { report, job, arrived, stdout, stderr } = await play(replay, 'block')
    expect(job?.status, stdout + stderr).toBe('success')
    expect(arrived).toEqual([])
    expect(missing(report, replay.block)).toEqual([])
    const byJob = report.detections.filter(({ acts }) => acts.length > 0)
    if (replay.block.length === 0) expect(byJob).toEqual([])
  })
})

test('some replays steal', () => {
  expect(replays.filter(({ steals }) => steals)).not.toEqual([])
})
