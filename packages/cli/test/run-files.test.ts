import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder } from '../src/run-files.ts'

test('runs that begin in one millisecond have folders of their own', () => {
  const place = mkdtempSync(join(tmpdir(), 'runwarden-folders-'))
  const time = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6))
  const parent = join(place, '.runwarden')
  const first = join(parent, '2026-01-02T03-04-05.006Z')
  expect([1, 2, 3].map(() => newFolder(parent, time))).toEqual([
    { path: first, made: [parent, join(parent, '.gitignore'), first] },
    { path: `${first}-2`, made: [`${first}-2`] },
    { path: `${first}-3`, made: [`${first}-3`] },
  ])

  // git takes the checkout for unchanged.
  expect(readFileSync(join(parent, '.gitignore'), 'utf8')).toBe('*\n')

  // Who opens it says why it can't be.
  writeFileSync(join(place, 'file'), '')
  const path = join(place, 'file', '2026-01-02T03-04-05.006Z')
  expect(newFolder(join(place, 'file'), time)).toEqual({ path, made: [] })
  rmSync(place, { recursive: true })
})
