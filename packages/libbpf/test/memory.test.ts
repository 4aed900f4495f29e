import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { dropFilePages } from '../src/index.ts'

const residentFile = (): number =>
  Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024

test('what was mapped of programs is given back, and used again when it is needed', () => {
  const before = residentFile()
  const dropped = dropFilePages()
  expect(dropped).toBeGreaterThan(10 << 20)
  expect(residentFile()).toBeLessThan(before - dropped / 2)
  expect(JSON.parse('{"a":[1]}')).toEqual({ a: [1] })
})

/** Of files, KiB that are our own where nobody may write. */
const own = (): number =>
  readFileSync('/proc/self/smaps', 'utf8')
    .split(/^(?=[0-9a-f]+-)/m)
    .filter((mapping) => /^\S+ r-.p .*\//.test(mapping))
    .reduce((sum, mapping) => sum + Number(/^Anonymous:\s+(\d+)/m.exec(mapping)?.[1] ?? 0), 0)

test('pages of our own stay: relocated constants, and where the kernel put something in', () => {
  dropFilePages()
  const before = own()
  expect(before).toBeGreaterThan(0)
  dropFilePages()
  expect(own()).toBe(before)
})

test('a process that refuses core dumps leaves none when it crashes', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'libbpf-core-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  const script = `import { readFileSync } from 'node:fs'
    import { refuseCoreDumps } from ${JSON.stringify(join(import.meta.dirname, '../src/memory.ts'))}
    console.log(refuseCoreDumps(), readFileSync('/proc/self/limits', 'utf8'))
    process.abort()`
  const words = [process.execPath, '--input-type=module', '-e', script]
  const { signal, stdout } = spawnSync('prlimit', ['--core=1048576:1048576', ...words], {
    cwd,
    encoding: 'utf8',
  })
  expect(stdout).toMatch(/^true[^]*Max core file size +0 +0 +bytes/)
  expect(signal).toBe('SIGABRT')
  expect(readdirSync(cwd)).toEqual([])
})
