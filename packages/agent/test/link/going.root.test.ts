import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = readFileSync('/proc/self/mounts', 'utf8')
  .split('\n')
  .map((line) => line.split(' '))
  .find(([, , type]) => type === 'cgroup2')?.[1]

test.each([
  ['stays', 9, { gone: [] }, { gone: [] }],
  ['goes while it is looked at', 2, { gone: ['up0'] }, { gone: [] }],
])('an interface that %s', (_, whenGone, ...told) => {
  const cgroup = mkdtempSync(join(root ?? '', 'rw-going-'))
  try {
    const script = [join(import.meta.dirname, 'going.ts'), cgroup, String(whenGone)]
    const stdout = execFileSync(
      'unshare',
      ['--net', '--mount', '--', process.execPath, ...script],
      { encoding: 'utf8' },
    )
    expect(JSON.parse(stdout)).toMatchObject(told)
  } finally {
    rmdirSync(cgroup)
  }
})
