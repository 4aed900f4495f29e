import { expect, test } from 'vitest'
import { findCgroup2, parseMounts } from '../src/mounts.ts'

const line = (path: string, type: string, options = 'rw'): string =>
  `22 1 0:5 / ${path} ${options} shared:1 - ${type} none rw`

test('cgroup v2 is found wherever it is mounted', () => {
  const mounts = parseMounts(
    [
      line('/sys/fs/cgroup', 'tmpfs'),
      line('/sys/fs/cgroup/cpu', 'cgroup'),
      line('/sys/fs/cgroup/unified', 'cgroup2'),
    ].join('\n'),
  )
  expect(findCgroup2(mounts)).toBe('/sys/fs/cgroup/unified')
})

test('a read-only hierarchy is none', () => {
  expect(findCgroup2(parseMounts(line('/sys/fs/cgroup', 'cgroup2', 'ro,nosuid')))).toBeUndefined()
})

test('what a later mount hides is not there', () => {
  const text = [line('/sys/fs/cgroup', 'cgroup2'), line('/sys', 'sysfs')].join('\n')
  expect(findCgroup2(parseMounts(text))).toBeUndefined()
})

test('a path with blanks is read as it is', () => {
  expect(parseMounts(line(String.raw`/my\040cgroups`, 'cgroup2')).map(({ path }) => path)).toEqual([
    '/my cgroups',
  ])
})
