import { mkdtempSync, readdirSync, readFileSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OutputFolder } from '../src/output.ts'
import { RotatingEvents, type Rotation } from '../src/rotating-events.ts'

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'rw-rotate-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

const line = (i: number): string => `{"seq":${String(i).padStart(4, '0')}}`

function open(rotation?: Rotation) {
  const dropped: number[] = []
  const failures: string[] = []
  const folder = OutputFolder.open(place)
  const events = new RotatingEvents({
    folder,
    name: 'events.ndjson',
    rotation,
    onFailure: (failure) => failures.push(failure),
    onDropped: (count) => dropped.push(count),
  })
  return { events, dropped, failures }
}

const lines = (name: string): string[] =>
  readFileSync(join(place, name), 'utf8').split('\n').filter(Boolean)

test('a full file is put aside, and of the older ones a bounded number stays; what falls out is told', () => {
  const { events, dropped, failures } = open({ bytes: 60, ms: 1e9, keep: 2 })
  for (let i = 1; i <= 22; i++) events.add(line(i))
  events.close()
  expect(readdirSync(place).toSorted()).toEqual([
    'events.ndjson',
    'events.ndjson.1',
    'events.ndjson.2',
  ])
  const kept = ['events.ndjson.2', 'events.ndjson.1', 'events.ndjson'].flatMap(lines)
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => line(23 - kept.length + i)))
  expect(dropped.length).toBeGreaterThan(1)
  expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(22 - kept.length)
  expect([events.dropped, events.lost, failures]).toEqual([22 - kept.length, 0, []])
})

test('a file that is old enough is put aside with the next event', () => {
  const { events } = open({ bytes: 1e9, ms: 0, keep: 5 })
  for (let i = 1; i <= 3; i++) events.add(line(i))
  events.close()
  expect(lines('events.ndjson')).toEqual([line(3)])
  expect(lines('events.ndjson.2')).toEqual([line(1)])
})

test('without rotation it is one file', () => {
  const { events } = open()
  for (let i = 1; i <= 5000; i++) events.add(line(i))
  events.close()
  expect(readdirSync(place)).toEqual(['events.ndjson'])
  expect(lines('events.ndjson').length).toBe(5000)
})

test('a file that somebody took away is tampering, and events go on', () => {
  const { events, failures } = open({ bytes: 40, ms: 1e9, keep: 3 })
  events.add(line(1))
  events.flush()
  unlinkSync(join(place, 'events.ndjson'))
  for (let i = 2; i <= 6; i++) events.add(line(i))
  expect(events.tampering()).toContain('removed or replaced')
  events.close()
  expect(lines('events.ndjson').length).toBeGreaterThan(0)
  expect(failures).toEqual([])
})

test('when the folder itself is gone, what is lost is counted and told once', () => {
  const { events, failures } = open({ bytes: 40, ms: 1e9, keep: 3 })
  events.add(line(1))
  rmSync(place, { recursive: true })
  for (let i = 2; i <= 9; i++) events.add(line(i))
  events.close()
  expect(failures).toEqual([expect.stringContaining('ENOENT')])
  expect(events.failure).toContain('ENOENT')
  expect(events.lost).toBeGreaterThan(0)
})
