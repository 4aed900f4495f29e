import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dependencyFolders } from '../../src/integrity/dependency-folders.ts'

let home: string
const before = process.env['HOME']
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'runwarden-home-')))
  process.env['HOME'] = home
})
afterEach(() => {
  if (before === undefined) delete process.env['HOME']
  else process.env['HOME'] = before
  rmSync(home, { recursive: true })
})

const ofHome = (workspace: string): string[] =>
  dependencyFolders(workspace).flatMap((path) =>
    path.startsWith(`${home}/`) ? [path.slice(home.length + 1)] : [],
  )

test('folders of a home that are there, each as far as it is', () => {
  expect(ofHome('/w')).toEqual([])
  for (const path of ['.local/lib/python3.11/site-packages', '.cargo/bin', 'go/pkg/mod/cache'])
    mkdirSync(join(home, path), { recursive: true })
  expect(ofHome('/w').toSorted()).toEqual([
    '.cargo',
    '.local/lib/python3.11/site-packages',
    'go/pkg/mod',
  ])
})

test('by their real paths, and none that the workspace holds, or that holds the workspace', () => {
  mkdirSync(join(home, 'real'))
  mkdirSync(join(home, 'go/pkg'), { recursive: true })
  symlinkSync(join(home, 'real'), join(home, 'go/pkg/mod'))
  expect(ofHome('/w')).toEqual(['real'])
  expect(ofHome(home)).toEqual([])
  expect(ofHome(join(home, 'real/a'))).toEqual([])
  expect(dependencyFolders('/')).toEqual([])
})
