import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openNamedFile } from '../src/served.ts'
import { compileAct, Observed } from './observed.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-served-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function read(file: Parameters<typeof openNamedFile>[0]): string | undefined {
  const fd = openNamedFile(file)
  if (fd === undefined) return undefined
  try {
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

test('a file is opened by its name, also where the kernel does not know the way yet', () => {
  const path = join(folder, 'there')
  writeFileSync(path, 'content')
  expect(read({ path })).toBe('content')
  expect(read({ path, pid: process.pid })).toBe('content')
  const uncached = join(folder, 'a/b/c')
  mkdirSync(join(folder, 'a/b'), { recursive: true })
  writeFileSync(uncached, 'deep')
  writeFileSync('/proc/sys/vm/drop_caches', '2')
  expect(read({ path: uncached })).toBe('deep')
})

test('what is no file is left alone, and a link is followed where that is asked', () => {
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  expect(read({ path: fifo })).toBeUndefined()
  expect(read({ path: folder })).toBeUndefined()
  writeFileSync(join(folder, 'target'), 'content')
  symlinkSync('target', join(folder, 'link'))
  mkdirSync(join(folder, 'elsewhere'))
  symlinkSync('../elsewhere/.././link', join(folder, 'elsewhere/link'))
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'way'))
  symlinkSync('ring', join(folder, 'ring'))
  writeFileSync('/proc/sys/vm/drop_caches', '2')
  expect(() => read({ path: join(folder, 'link') })).toThrow('link')
  expect(read({ path: join(folder, 'link'), follow: true })).toBe('content')
  expect(read({ path: join(folder, 'way/link'), follow: true })).toBe('content')
  expect(() => read({ path: join(folder, 'ring'), follow: true })).toThrow('ELOOP')
  expect(() => read({ path: join(folder, 'none') })).toThrow('ENOENT')
})

test.each([
  ['in a folder that a process serves', 'under'],
  ['in an overlay above it', 'over'],
])('a file %s is not waited for', async (_, below) => {
  const place = join(folder, below)
  mkdirSync(place)
  const kind = below === 'over' ? 'overlay' : 'plain'
  // Not in this process, which could not be ended if it had to wait.
  const script = `
    import { once } from 'node:events'
    import { openNamedFile } from ${JSON.stringify(join(import.meta.dirname, '../src/served.ts'))}
    console.log('ready')
    await once(process.stdin, 'end', process.stdin.resume())
    try { console.log(openNamedFile({ path: ${JSON.stringify(join(place, below, 'program'))} })) }
    catch (error) { console.log(error.code) }`
  const reader = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  // It was there before.
  await once(reader.stdout, 'data')
  const server = spawn(compileAct('fuse'), [place, kind], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(server, 'exit')
  try {
    await once(server.stdout, 'data')
    reader.stdin.end()
    const [said] = (await once(reader.stdout, 'data')) as [Buffer]
    expect(String(said)).toBe('EIO\n')
  } finally {
    server.stdin.end()
    await ended
  }
})

test.each(['plain', 'detached', 'overlay'])(
  'the kernel side tells of a program that a process serves: %s',
  async (kind) => {
    using seen = new Observed()
    const { status, stderr } = await seen.run(compileAct('fuse'), seen.workspace, kind)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const programs = seen.of('exec').map(({ exe, served }) => [exe.split('/').at(-1), served])
    expect(programs).toContainEqual(['program', true])
    expect(programs).toContainEqual(['fuse', false])
  },
)
