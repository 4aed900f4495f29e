import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FileMarks, guardedPlaces } from '../../src/guard/files.ts'

test('a file that is written to, replaced or removed is named once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-files-'))
  const [written, replaced, removed, same] = ['a', 'b', 'c', 'd'].map((name) => join(folder, name))
  const paths = [written, replaced, removed, same] as [string, string, string, string]
  for (const path of paths) writeFileSync(path, 'before')
  const marks = new FileMarks(paths)
  expect(marks.changed()).toEqual([])
  writeFileSync(paths[0], 'other')
  writeFileSync(join(folder, 'new'), 'before')
  renameSync(join(folder, 'new'), paths[1])
  rmSync(paths[2])
  expect(marks.changed()).toEqual(paths.slice(0, 3))
  expect(marks.changed()).toEqual([])
  rmSync(folder, { recursive: true })
})

test('all that the agent may still load is guarded, unless the job works on Runwarden itself', () => {
  const source = join(import.meta.dirname, '../../src/watch/watch.ts')
  const checkout = join(import.meta.dirname, '../../../..')
  expect(guardedPlaces('/somewhere')).toEqual(expect.arrayContaining([source, process.execPath]))
  for (const workspace of [checkout, '/']) expect(guardedPlaces(workspace)).not.toContain(source)
})
