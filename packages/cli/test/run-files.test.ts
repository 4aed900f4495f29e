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
  expect([1, 2, 3].map(() => newFolder(parent, time))).toEqual([first, `${first}-2`, `${first}-3`])

  // git takes the checkout for unchanged.
  expect(readFileSync(join(parent, '.gitignore'), 'utf8')).toBe('*\n')

  // Who opens it says why it can't be.
  writeFileSync(join(place, 'file'), '')
  expect(newFolder(join(place, 'file'), time)).toBe(join(place, 'file', '2026-01-02T03-04-05.006Z'))
  rmSync(place, { recursive: true })
})
