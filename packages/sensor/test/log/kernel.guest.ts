import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LogCapture, type LogChunk, startSensor } from '../../src/index.ts'

function cgroupRoot(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')?.[1] ?? ''
}

/** Writes to a page by both calls, and to another file. */
const worker = `
  const fs = require('node:fs')
  const page = fs.openSync('_diag/pages/a_1.log', 'wx')
  fs.writeSync(page, 'one ')
  fs.writeSync(page, Buffer.from('two '), 0, 4, 4)
  fs.writevSync(page, [Buffer.from('three '), Buffer.from('x'.repeat(40000))], 8)
  fs.writeFileSync('_diag/other.log', 'four')`

test("what a runner's worker writes to pages of its log is seen, whatever call writes it", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-log-'))
  mkdirSync(join(folder, '_diag/pages'), { recursive: true })
  copyFileSync(process.execPath, join(folder, 'Runner.Worker'))
  const cgroup = `${cgroupRoot()}/build-log`
  mkdirSync(cgroup)
  using sensor = startSensor({ scopeCgroup: cgroup, workspace: folder, onRecords: () => {} })
  if (sensor.calls === null) throw new Error('the end of system calls is not seen')
  const chunks: LogChunk[] = []
  const capture = new LogCapture({
    scopeCgroup: cgroup,
    calls: sensor.calls,
    outputs: [],
    files: false,
    onChunks: (some) => chunks.push(...some),
  })
  const child = spawn(
    'sh',
    ['-c', `echo $$ > ${cgroup}/cgroup.procs && exec ./Runner.Worker -e "$0"`, worker],
    { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const [status] = (await once(child, 'exit')) as [number | null]
  expect(status).toBe(0)
  capture.drain()
  expect(
    chunks.map(({ data, page, cut }) => `${String(data.subarray(0, 6))} ${page} ${cut}`),
  ).toEqual(['one  true false', 'two  true false', 'three  true false', 'xxxxxx true true'])
  expect(capture.unread()).toEqual({ noRoom: 0, tooLong: 40000 - 16384, noBuffer: 0 })
  capture.close()
})
