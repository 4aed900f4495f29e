import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, realpathSync, rmdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { startTlsCapture } from '../../src/index.ts'

test('programs that run already, several of one file, are seen from the start', async () => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const root = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1]
  const cgroup = `${root}/runwarden-running-${process.pid}`
  mkdirSync(cgroup)
  const script =
    'echo $$ >"$0/cgroup.procs" && exec "$1" -e "console.log(1); setInterval(() => {}, 1000)"'
  const children = [1, 2].map(() =>
    spawn('sh', ['-c', script, cgroup, process.execPath], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  try {
    await Promise.all(children.map(({ stdout }) => once(stdout, 'data')))
    // Once where its file is known from the common places, and once where only they lead to it.
    for (const places of [[process.execPath], []]) {
      using capture = startTlsCapture({
        scopeCgroup: cgroup,
        places,
        onContent: () => {},
      })
      const probed = capture.probed().map(({ path, library }) => ({ path, library }))
      expect(probed).toContainEqual({ path: realpathSync(process.execPath), library: 'node' })
    }
  } finally {
    const ends = children.map((child) => once(child, 'close'))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(ends)
    rmdirSync(cgroup)
  }
})
