import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EventFile, OutputFolder } from '../src/output.ts'

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'runwarden-output-'))
})
afterEach(() => {
  rmSync(place, { recursive: true, force: true })
})

test('a link in the place of a file is replaced, not followed', () => {
  const target = join(place, 'target')
  writeFileSync(target, 'precious')
  mkdirSync(join(place, 'out'))
  symlinkSync(target, join(place, 'out', 'report.json'))
  const folder = OutputFolder.open(join(place, 'out'))
  folder.write('report.json', ['re', 'port'])
  folder.close()
  expect(readFileSync(target, 'utf8')).toBe('precious')
  expect(readFileSync(join(place, 'out', 'report.json'), 'utf8')).toBe('report')
})

test('a folder that is swapped for a link to another still gets the files', () => {
  const folder = OutputFolder.open(join(place, 'out'))
  renameSync(join(place, 'out'), join(place, 'moved'))
  mkdirSync(join(place, 'other'))
  symlinkSync(join(place, 'other'), join(place, 'out'))
  folder.write('report.json', ['re', 'port'])
  folder.close()
  expect(existsSync(join(place, 'other', 'report.json'))).toBe(false)
  expect(readFileSync(join(place, 'moved', 'report.json'), 'utf8')).toBe('report')
})

test('a link in the place of the folder is refused', () => {
  mkdirSync(join(place, 'other'))
  symlinkSync(join(place, 'other'), join(place, 'out'))
  expect(() => OutputFolder.open(join(place, 'out'))).toThrow(/ENOTDIR|ELOOP/)
})

const account = { uid: 65_534, gid: 65_534 }
const owners = (...paths: string[]): number[] =>
  paths.map((path) => statSync(join(place, path)).uid)

test('folders that were made in an account’s own one are its own at the end, wherever it has moved them', () => {
  mkdirSync(join(place, 'own'))
  chownSync(join(place, 'own'), account.uid, account.gid)
  writeFileSync(join(place, 'own', 'kept'), '')
  mkdirSync(join(place, 'other/out'), { recursive: true })
  const folder = OutputFolder.open(join(place, 'own/reports/out'), [], account)
  folder.write('report.json', ['report'])
  renameSync(join(place, 'own/reports'), join(place, 'own/moved'))
  symlinkSync(join(place, 'other'), join(place, 'own/reports'))
  folder.close()
  expect(owners('own/moved', 'own/moved/out')).toEqual([account.uid, account.uid])
  expect(owners('own/moved/out/report.json', 'own/kept', 'other', 'other/out')).toEqual([
    0, 0, 0, 0,
  ])
  execFileSync('rm', ['-r', 'moved'], { ...account, cwd: join(place, 'own') })
})

test('a folder that was there, or lies in somebody else’s, stays whose it is', () => {
  mkdirSync(join(place, 'own/there'), { recursive: true })
  chownSync(join(place, 'own'), account.uid, account.gid)
  for (const path of ['own/there', 'own/there/in', 'out'])
    OutputFolder.open(join(place, path), [], account).close()
  expect(owners('own/there', 'own/there/in', 'out')).toEqual([0, 0, 0])
})

test('lines of every length, and of characters of several bytes, are in the file one after the other', () => {
  const folder = OutputFolder.open(join(place, 'out'))
  const events = new EventFile(folder.create('events.ndjson'))
  const lengths = [1, 21_844, 21_845, 21_846, 65_534, 65_535, 65_536, 200_000, 3]
  const lines = lengths.flatMap((length) => [
    'x'.repeat(length),
    '\u20ac'.repeat(length),
    '\ud83d\ude00'.repeat(length),
  ])
  for (const line of lines) events.add(line)
  const { bytes } = events
  events.close()
  const written = readFileSync(join(place, 'out', 'events.ndjson'))
  folder.close()
  expect(written.toString('utf8')).toBe(`${lines.join('\n')}\n`)
  expect(bytes).toBe(written.length)
})

test('events that a full disk cannot take are counted, and the disk is named', () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place])
  try {
    const folder = OutputFolder.open(place)
    const events = new EventFile(folder.create('events.ndjson'))
    for (let i = 0; i < 5000; i++) events.add(JSON.stringify({ seq: i, filler: 'x'.repeat(80) }))
    events.close()
    folder.close()
    expect(events.failure).toContain('ENOSPC')
    expect(events.lost).toBeGreaterThan(4000)
  } finally {
    execFileSync('umount', [place])
  }
})
