import { spawnSync } from 'node:child_process'
import { setTimeout as later } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Observed } from './observed.ts'

/** Writes a program, runs it and removes it, again and again; what it runs writes a file. Two of these at once. */
const script = `
make() {
  for i in $(seq 150); do
    printf '#!/bin/sh\\necho x > made-%s\\n' "$1-$i" > "tool-$1-$i"
    chmod +x "tool-$1-$i"
    "./tool-$1-$i"
    rm "tool-$1-$i"
  done
}
make a & make b & wait`

test('forks, programs, files and ends come in the order of the acts, though two rings tell them', async () => {
  using seen = new Observed()
  await seen.run('sh', '-c', script)
  const { records } = seen
  expect(seen.sensor.lost()).toEqual({})
  const first = (matches: (record: (typeof records)[number]) => boolean): number =>
    records.findIndex(matches)

  const made = new Map(
    records.map((record, at) => [record.kind === 'fork' ? record.childExecId : '', at]),
  )
  const ended = new Map(
    records.map((record, at) => [record.kind === 'exit' ? record.execId : '', at]),
  )
  const latest = new Map<string, number>()
  for (const [at, { execId, time }] of records.entries()) {
    expect(at).toBeGreaterThan(made.get(execId) ?? -1)
    expect(at).toBeLessThanOrEqual(ended.get(execId) ?? records.length)
    expect(time).toBeGreaterThanOrEqual(latest.get(execId) ?? 0)
    latest.set(execId, time)
  }

  for (const who of ['a', 'b']) {
    for (let i = 1; i <= 150; i++) {
      const tool = `${seen.workspace}/tool-${who}-${i}`
      const result = `${seen.workspace}/made-${who}-${i}`
      const acts = [
        first((one) => one.kind === 'file' && one.action === 'create' && one.path === tool),
        first((one) => one.kind === 'exec' && one.argv.includes(`./tool-${who}-${i}`)),
        first((one) => one.kind === 'file' && one.action === 'create' && one.path === result),
        first((one) => one.kind === 'file' && one.action === 'delete' && one.path === tool),
      ]
      expect(acts).not.toContain(-1)
      expect(acts).toEqual(acts.toSorted((a, b) => a - b))
    }
  }
})

test('who waits in a network namespace is told at once, before what a flood has to tell', async () => {
  const files = 20_000
  const told: { pid: number; records: number }[] = []
  using seen = new Observed({
    onAwaiting: (pid) => told.push({ pid, records: seen.records.length }),
  })
  // Nothing is taken from the rings meanwhile; who waits goes on after 300 ms.
  const flood = `echo $$ > "$0/cgroup.procs"; cd "$1"; i=0
while [ $i -lt ${files} ]; do : > f; i=$((i + 1)); done; exec unshare --net true`
  const { status } = spawnSync('sh', ['-c', flood, seen.cgroup, seen.workspace])
  expect(status).toBe(0)
  while (seen.of('exec').length < 2) await later(5)
  expect(seen.of('file').length).toBe(files)
  expect(told).toEqual([{ pid: seen.of('exec').at(-1)?.tgid, records: expect.any(Number) }])
  expect(told[0]?.records).toBeLessThan(files)
})
