import { expect, test } from 'vitest'
import { ReportBuilder } from '../src/index.ts'
import { facts, Script } from './script.ts'

const changed = '1000'
const later = '2000'
const hash = 'a'.repeat(64)
const other = 'b'.repeat(64)

test('what a program held is told once, and on each process that was it, also one that began before it was known', () => {
  const time = 1_000_000
  const script = new Script()
    .exec(2, 1, ['sh'], { changed })
    .exec(3, 2, ['sh'], { changed })
    .program(2, '/usr/bin/sh', { changed })
    .exec(4, 2, ['sh'], { changed })
    .exec(5, 2, ['sh'], { changed: later })
    .program(5, '/usr/bin/sh', { changed: later, size: null, sha256: null, unread: 'gone' })
    .exec(6, 2, ['conftest'], { time })
    .program(6, '/w/conftest', { time, sha256: other })
    .exec(7, 2, ['old'])
  const builder = new ReportBuilder()
  for (const event of script.events) builder.add(event)
  const { processes, programs = [] } = builder.build(facts())
  expect(
    programs.map(({ path, sha256, unread, count }) => [path, sha256 ?? unread, count]),
  ).toEqual([
    ['/usr/bin/sh', hash, 3],
    ['/usr/bin/sh', 'gone', 1],
    ['/w/conftest', other, 1],
  ])
  expect(
    processes.map(({ pid, images: [image] }) => [pid, image?.sha256 ?? image?.unread]),
  ).toEqual([
    [2, hash],
    [3, hash],
    [4, hash],
    [5, 'gone'],
    [6, other],
    [7, undefined],
  ])
})
