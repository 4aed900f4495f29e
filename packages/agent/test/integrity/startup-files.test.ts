import type { Event } from '@runwarden/events'
import { expect, test } from 'vitest'
import type { Content } from '../../src/integrity/contract.ts'
import { hasImportLines, hasLogin, StartupFiles } from '../../src/integrity/startup-files.ts'

test.each([
  ['import os', true],
  ['/w/src\nimport\tos', true],
  ['/w/src\rimport os', true],
  ['\xef\xbb\xbfimport os', true],
  ['/w\xe2\x80\xa8import os', true],
  ['/w/src\n', false],
  ['# import os\n /w/import x\nimportant\n', false],
])('%j: lines are run: %s', (text, expected) => {
  expect(hasImportLines(text)).toBe(expected)
})

test.each([
  ['//registry.example.org/:_authToken=npm_x', true],
  ['a=b\n_password = "x"', true],
  ['_auth=eDp5', true],
  ['npmRegistries:\n  "//r.example.org":\n    npmAuthToken: x', true],
  ['//registry.example.org/:_authToken=${NODE_AUTH_TOKEN}', false],
  ['npmAuthToken: "${TOKEN}"', false],
  ['engine-strict=true\nalways-auth=true\nregistry=https://r.example.org/', false],
])('%j: somebody logs in with it: %s', (text, expected) => {
  expect(hasLogin(text)).toBe(expected)
})

const path = '/v/site-packages/x.pth'
const base = { seq: 1, time: 0, scope: 's', execId: 'p', step: null }
const file = { truth: 'kernel', workspace: true, sensitive: null, errno: 0 } as const
const created: Event = { ...base, ...file, kind: 'file.create', path }
const ended: Event = { ...base, kind: 'process.exit', pid: 1, code: 0, signal: null }

/** What the looks find, one after the other: null where the file could not be read. */
function rig(looks: (boolean | null)[]) {
  const files = new StartupFiles({
    soon: (_path, _acted, take) => {
      const found = looks.shift()
      const content: Content = { digest: '', unread: '', bytes: 0, changedMs: 0, readMs: 0 }
      take(typeof found === 'boolean' ? { ...content, notable: found } : content)
    },
  })
  const told: string[] = []
  return { files, told, see: (event: Event) => files.takes(event, (lines) => told.push(lines)) }
}

test('a file is told of when lines of it are run, at the first look or at a later one', () => {
  const atOnce = rig([true])
  expect(atOnce.see(created)).toBe(true)
  expect(atOnce.told).toEqual(['some'])
  const later = rig([false, true])
  later.see(created)
  expect(later.told).toEqual([])
  expect(later.see(ended)).toBe(false)
  expect(later.told).toEqual(['some'])
  const last = rig([false, false, true])
  last.see(created)
  last.see(ended)
  last.files.finish()
  expect(last.told).toEqual(['some'])
})

test('one with paths is not, one that cannot be read is, and nothing else waits', () => {
  const paths = rig([false, false, false])
  paths.see(created)
  paths.see(ended)
  paths.files.finish()
  expect(paths.told).toEqual([])
  const gone = rig([null])
  gone.see(created)
  expect(gone.told).toEqual([''])
  expect(rig([]).see({ ...created, path: '/w/model.pth' })).toBe(false)
})

test('of very many it is told that they were not read', () => {
  const many = rig([...Array<boolean>(256).fill(false)])
  for (let i = 0; i < 257; i++) many.see({ ...created, path: `/v/site-packages/${i}.pth` })
  expect(many.told).toEqual([''])
})

test("a project's .npmrc is told when somebody can log in with it, a user's at once", () => {
  const project = rig([false, true])
  expect(project.see({ ...created, path: '/w/.npmrc' })).toBe(true)
  expect(project.told).toEqual([])
  project.see(ended)
  expect(project.told).toEqual(['some'])
  expect(rig([]).see({ ...created, path: '/home/u/.npmrc', workspace: false })).toBe(false)
})
