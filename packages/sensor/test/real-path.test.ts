import {
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { realPathOf } from '../src/real-path.ts'

test('a link leads to where it does; what no file can be called leads nowhere', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runwarden-real-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [file, link] = [join(folder, 'file'), join(folder, 'link')]
  writeFileSync(file, '')
  symlinkSync(file, link)
  // The kernel follows none without noting it, whose time of access is older than itself.
  lutimesSync(link, 0, new Date())
  expect(realPathOf(process.pid, link)).toBe(file)
  // The kernel knows the way.
  realpathSync(link)
  expect(realPathOf(process.pid, link)).toBe(file)
  // What is behind links of /proc is another file for each process.
  symlinkSync('/proc/self/cwd', join(folder, 'cwd'))
  for (const own of [
    '/proc/self/cwd',
    '/proc/self/fd',
    '/proc/thread-self/root/etc',
    join(folder, 'cwd'),
  ])
    expect(realPathOf(process.pid, own)).toBe(undefined)
  for (const odd of [`${link}\0`, '\0', '', join(folder, 'none'), `/${'a'.repeat(9_000)}`])
    expect(realPathOf(process.pid, odd)).toBe(null)
})

test('a parent is that of where a link has led to, also where nobody has followed it yet', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runwarden-real-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'sub/inner'), { recursive: true })
  writeFileSync(join(folder, 'sub/file'), '')
  for (const [link, target] of [
    ['way', 'sub/./inner'],
    ['back', 'way/../../way'],
  ] as const) {
    symlinkSync(target, join(folder, link))
    lutimesSync(join(folder, link), 0, new Date())
  }
  const file = join(folder, 'sub/file')
  expect(realPathOf(process.pid, `${folder}/sub/../way/../file`)).toBe(file)
  expect(realPathOf(process.pid, `/../${folder}/back/../file`)).toBe(file)
  expect(realPathOf(process.pid, `${folder}/way/../none`)).toBe(null)
})
