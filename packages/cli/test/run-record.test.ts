import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event } from '@runwarden/events'
import { RunRecord } from '../src/run-record.ts'

const found: Event = {
  kind: 'detection',
  seq: 1,
  scope: 'run',
  time: 0,
  execId: null,
  step: null,
  rule: 'shell-on-network-socket',
  id: 'reverse-shell',
  severity: 'critical',
  title: 'a shell',
  text: 'A shell.',
  evidence: [],
}

test('a detection stands in events.ndjson in the next turn of the event loop', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-record-'))
  const record = RunRecord.open(folder, () => {})
  record.add(found)
  await new Promise((resolve) => setImmediate(resolve))
  expect(readFileSync(join(folder, 'events.ndjson'), 'utf8')).toBe(`${JSON.stringify(found)}\n`)
  rmSync(folder, { recursive: true })
})
