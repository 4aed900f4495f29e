import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as later } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Observed } from './observed.ts'

/** Starts a program for the first time, amid acts that wake nobody; from then on nothing is done. */
const script = `cp /bin/sleep fresh; for i in $(seq 60); do /bin/true; done; exec ./fresh 1000`

test('a program that is started for the first time wakes who reads, so that its file is opened while it is there', async () => {
  // Nobody looks by himself.
  vi.useFakeTimers({ toFake: ['setInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  using seen = new Observed()
  const enter = `echo $$ > '${seen.cgroup}/cgroup.procs'; ${script}`
  const child = spawn('sh', ['-c', enter], { cwd: seen.workspace, stdio: 'ignore' })
  const told = (): boolean => seen.of('exec').some(({ argv }) => argv.includes('1000'))
  const until = Date.now() + 10_000
  while (!told() && Date.now() < until) await later(5)
  const woken = told()
  // Its end wakes, too.
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(woken).toBe(true)
})
