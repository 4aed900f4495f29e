import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { accessChange, contentOf, type Access, type Change } from '../../src/harden/changes.ts'
import { restoreMachine } from '../../src/harden/machine.ts'
import { ChangeRecord } from '../../src/harden/record.ts'

/** What is left of a change whose process was killed in the middle of it is undone as the whole of it is. */

let folder: string
let path: string
let record: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-cut-'))
  path = join(folder, 'file')
  record = join(folder, 'record')
  writeFileSync(path, 'before\n')
  chownSync(path, 1234, 5678)
  chmodSync(path, 0o6775)
})
afterEach(() => rmSync(folder, { recursive: true }))

const access = (): number[] => {
  const { uid, gid, mode } = lstatSync(path)
  return [uid, gid, mode & 0o7777]
}
const shut = (): Change => accessChange(path, () => ({ uid: 0, gid: 0, mode: 0o1750 })) as Change

/** On record, and no more. */
function plan(change: Change): void {
  writeFileSync(record, JSON.stringify([change]))
}

test.each([
  ['before it', () => {}],
  ['when the owner was changed', () => chownSync(path, 0, 0)],
  ['behind it', () => [chownSync(path, 0, 0), chmodSync(path, 0o1750)]],
  [
    'when it was undone by half',
    () => [chownSync(path, 0, 0), chmodSync(path, 0o1750), chownSync(path, 1234, 5678)],
  ],
])('the access of a file: %s', (_, happens) => {
  plan(shut())
  happens()
  expect(restoreMachine(record)).toEqual([])
  expect(access()).toEqual([1234, 5678, 0o6775])
  expect(existsSync(record)).toBe(false)
})

test.each([
  ['another owner', () => chownSync(path, 4321, 0)],
  ['other permissions', () => chmodSync(path, 0o700)],
  ['a special bit that it had neither before nor after', () => chmodSync(path, 0o7775)],
])('what somebody else changed is left: %s', (_, happens) => {
  plan(accessChange(path, () => ({ uid: 0, gid: 0, mode: 0o750 })) as Change)
  happens()
  const now = access()
  expect(restoreMachine(record)).toEqual([
    `the permissions of ${path} were changed since, and are left as they are`,
  ])
  expect(access()).toEqual(now)
})

test('what was to replace a file, or the record, is removed', () => {
  const before = contentOf(path)
  const after = { uid: 0, gid: 0, mode: 0o600, bytes: Buffer.from('after').toString('base64') }
  plan({ kind: 'file', path, before, after })
  writeFileSync(`${path}.runwarden-new`, 'aft')
  writeFileSync(`${record}.runwarden-new`, '[')
  expect(restoreMachine(record)).toEqual([])
  expect(readFileSync(path, 'utf8')).toBe('before\n')
  for (const left of [`${path}.runwarden-new`, `${record}.runwarden-new`, record])
    expect(existsSync(left)).toBe(false)
})

test('extended attributes of a file that is replaced stay', () => {
  execFileSync('setcap', ['cap_chown+ep', path])
  const getcap = (): string => execFileSync('getcap', [path], { encoding: 'utf8' })
  const had = getcap()
  const before = contentOf(path) as Access & { bytes: string }
  const changes = ChangeRecord.open(record)
  changes.make({ kind: 'file', path, before, after: { ...before, bytes: 'AAAA' } })
  expect([readFileSync(path, 'latin1'), getcap(), access()]).toEqual([
    '\0\0\0',
    had,
    [1234, 5678, 0o6775],
  ])
  expect(had).toContain('cap_chown')
  expect(changes.undo()).toEqual([])
  expect([readFileSync(path, 'utf8'), getcap(), access()]).toEqual([
    'before\n',
    had,
    [1234, 5678, 0o6775],
  ])
})

test.each([
  ['gone', () => rmSync(path)],
  ['another file', () => [writeFileSync(`${path}.2`, ''), renameSync(`${path}.2`, path)]],
])('what can never be undone is said once: %s', (words, happens) => {
  plan(shut())
  happens()
  expect(restoreMachine(record)).toEqual([expect.stringContaining(words)])
  expect(existsSync(record)).toBe(false)
})

test('a whole change is made and undone', () => {
  const changes = ChangeRecord.open(record)
  changes.make(shut())
  expect(access()).toEqual([0, 0, 0o1750])
  expect(changes.undo()).toEqual([])
  expect(access()).toEqual([1234, 5678, 0o6775])
})
