import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  fstatSync,
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Hashed, ProgramHasher, type Started } from '../../src/program-hashes/hasher.ts'
import type { ToRead } from '../../src/program-hashes/contract.ts'
import { Readings } from '../../src/program-hashes/readings.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-hasher-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const sleep = '/usr/bin/sleep'
const hashOf = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

/** A program of its own, as the kernel knows it now. */
function program(name: string): Started['ask'] {
  const path = join(folder, name)
  copyFileSync(sleep, path)
  return askOf(path)
}

function long(name: string, bytes: number): Started['ask'] {
  const { path } = program(name)
  truncateSync(path, bytes)
  return askOf(path)
}

function askOf(path: string): Started['ask'] {
  const { ino, ctimeNs, dev } = statSync(path, { bigint: true })
  const device = `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & 0xfff00n)}`
  const identity = { device, inode: String(ino), changed: String(ctimeNs) }
  return { path, ...identity, pid: 0, parentPid: 0, young: false, served: false, nameless: false }
}

function opened(number: number, { path, pid, young }: Started['ask']): ToRead {
  const fd = openSync(path, 'r')
  onTestFinished(() => closeSync(fd))
  const { size, ctimeNs } = fstatSync(fd, { bigint: true })
  return { number, fd, size: Number(size), ctimeNs, ranAt: null, pid, young }
}

/** Of the test's folder. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)].filter((path) => path.startsWith(folder))
    } catch {
      return []
    }
  })
}

/** How many hash programs. */
function threads(): number {
  return readdirSync('/proc/self/task').filter((thread) =>
    readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').startsWith('runwarden-progr'),
  ).length
}

async function started(ask: Started['ask']): Promise<ChildProcess> {
  const child = spawn(ask.path, ['60'])
  onTestFinished(() => void child.kill())
  // The kernel knows the program when spawn() returns, but for the moment of its fork.
  await expect.poll(() => statSync(`/proc/${child.pid}/exe`).ino).toBe(Number(ask.inode))
  return child
}

const hashed = (
  hasher: ProgramHasher,
  ask: Started['ask'],
  ran: Started['ran'] = () => true,
): Promise<Hashed> =>
  new Promise((resolve) =>
    hasher.hash(`${ask.device} ${ask.inode} ${ask.changed}`, { ask, ran }, resolve),
  )

test('a program that has ended is read by its path, if that is the same file with the same content', async () => {
  const hasher = new ProgramHasher()
  const same = program('same')
  expect(await hashed(hasher, same)).toEqual({
    sha256: hashOf(sleep),
    size: statSync(sleep).size,
    unread: '',
  })
  const written = program('written')
  appendFileSync(written.path, 'more')
  expect(await hashed(hasher, written)).toMatchObject({ sha256: null, unread: 'changed' })
  const replaced = program('replaced')
  rmSync(replaced.path)
  copyFileSync('/usr/bin/true', replaced.path)
  expect(await hashed(hasher, replaced)).toMatchObject({ sha256: null, unread: 'changed' })
  const gone = program('gone')
  rmSync(gone.path)
  expect(await hashed(hasher, gone)).toMatchObject({ sha256: null, unread: 'gone' })
})

test('what was read once is known, and what could not be read is tried again', async () => {
  const hasher = new ProgramHasher()
  const ask = program('again')
  const key = `${ask.device} ${ask.inode} ${ask.changed}`
  expect(hasher.known(key)).toBe(undefined)
  expect(await hashed(hasher, { ...ask, path: join(folder, 'nowhere') })).toMatchObject({
    unread: 'gone',
  })
  expect(hasher.known(key)).toBe(undefined)
  await hashed(hasher, ask)
  expect(hasher.known(key)).toMatchObject({ sha256: hashOf(sleep) })
})

test('a file whose ctime says nothing counts only if the process that was started runs it still', async () => {
  const hasher = new ProgramHasher()
  const linked = program('linked')
  const child = await started(linked)
  linkSync(linked.path, `${linked.path}-too`)
  const ask = { ...linked, pid: child.pid ?? 0 }
  expect(await hashed(hasher, ask)).toMatchObject({ sha256: hashOf(sleep) })

  const young = program('young')
  const another = await started(young)
  const runs = { ...young, pid: another.pid ?? 0, young: true }
  // It had become another program meanwhile, or it was another process that had its number.
  expect(await hashed(hasher, runs, () => false)).toMatchObject({ unread: 'changed' })
  expect(await hashed(hasher, runs)).toMatchObject({ sha256: hashOf(sleep) })
  expect(await hashed(hasher, { ...runs, pid: 0 })).toMatchObject({ unread: 'changed' })
})

test('files above 256 MiB are not read, and one of 256 MiB is', async () => {
  const hasher = new ProgramHasher()
  expect(await hashed(hasher, long('above', (256 << 20) + 1))).toMatchObject({ unread: 'large' })
  expect(await hashed(hasher, long('limit', 256 << 20))).toMatchObject({ unread: '' })
})

test('beyond 1,024 that wait, programs are not read, and told so at once', async () => {
  const hasher = new ProgramHasher()
  const ask = program('many')
  const all = Array.from(
    { length: 1030 },
    (_, i) =>
      new Promise<Hashed>((resolve) => hasher.hash(String(i), { ask, ran: () => true }, resolve)),
  )
  const told = await Promise.all(all)
  expect(told.filter(({ unread }) => unread === 'budget')).toHaveLength(6)
  expect(told.filter(({ unread }) => unread === '')).toHaveLength(1024)
})

test('a file that is deleted while its process runs is read; one that is written to is not taken for what it was', async () => {
  const hasher = new ProgramHasher()
  const deleted = program('deleted')
  const { pid = 0 } = await started(deleted)
  const hash = hashed(hasher, { ...deleted, pid })
  rmSync(deleted.path)
  expect(await hash).toMatchObject({ sha256: hashOf(sleep) })
  const over = program('over')
  const changed = hashed(hasher, over)
  appendFileSync(over.path, 'more')
  expect(await changed).toMatchObject({ sha256: null, unread: 'changed' })
})

test('all files are closed again', async () => {
  const hasher = new ProgramHasher()
  const names = ['first', 'second', 'third']
  const all = names.map((name) => hashed(hasher, program(name)))
  expect(openFiles()).toHaveLength(3)
  await Promise.all(all)
  expect(openFiles()).toEqual([])
})

test('small programs are read before the rest of a large one that came first', () => {
  const replies: [number, string | null][] = []
  const readings = new Readings(({ number, sha256 }) => void replies.push([number, sha256]))
  readings.add(opened(1, long('runtime', 8 << 20)))
  readings.step()
  readings.add(opened(2, program('tool')))
  while (readings.busy) readings.step()
  expect(replies).toEqual([
    [2, hashOf(sleep)],
    [1, hashOf(join(folder, 'runtime'))],
  ])
})

test('the first small programs begin no thread; a large one, or many small ones, do', async () => {
  const before = threads()
  const hasher = new ProgramHasher()
  for (const name of ['one', 'two']) {
    expect(await hashed(hasher, program(name))).toMatchObject({ sha256: hashOf(sleep) })
  }
  const small = await hashed(hasher, long('fits', 48 << 20))
  expect(small).toMatchObject({ sha256: hashOf(join(folder, 'fits')) })
  expect(threads()).toBe(before)
  for (const name of ['a', 'b']) await hashed(hasher, long(name, 30 << 20))
  expect(threads()).toBe(before + 1)
  const other = new ProgramHasher()
  expect(await hashed(other, long('large', (48 << 20) + 1))).toMatchObject({ unread: '' })
  expect(threads()).toBe(before + 2)
})

test('what the agent has no time to read by itself is read by the thread', async () => {
  const hasher = new ProgramHasher()
  const told = hashed(hasher, long('rest', 64 << 20))
  hasher.readNow(performance.now())
  const calm = hasher.hurry()
  expect(await told).toMatchObject({ sha256: hashOf(join(folder, 'rest')) })
  calm()
})
