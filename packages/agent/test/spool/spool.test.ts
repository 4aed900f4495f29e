import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  chainHash,
  encodeSegment,
  firstPrevious,
  type Segment,
} from '../../src/spool/segment-file.ts'
import { Spool } from '../../src/spool/spool.ts'

let folder: string
let path: string
let gaps: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-spool-'))
  path = join(folder, 'spool')
  gaps = []
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function gap(text: string): void {
  gaps.push(text)
}

function openSpool(most?: number): Spool {
  return Spool.open(path, most === undefined ? { gap } : { most, gap })
}

/** Takes all that is packed, as a server does, and holds it to the chain. */
function takeAll(spool: Spool, from = { seq: 0, hash: firstPrevious as Buffer }): Segment[] {
  const all: Segment[] = []
  let last = from
  for (let next = spool.next(); next !== undefined; next = spool.next()) {
    expect(next.seq).toBe(last.seq + 1)
    expect(next.previous.equals(last.hash)).toBe(true)
    expect(chainHash(next.previous, next.body).equals(next.hash)).toBe(true)
    all.push(next)
    last = next
    spool.acknowledge(next.seq)
  }
  return all
}

const linesOf = (segments: readonly Segment[]): string[] =>
  segments.flatMap(({ body }) => zstdDecompressSync(body).toString().trimEnd().split('\n'))

test('segments are numbered and chained, and go as they are acknowledged, but for the last one', async () => {
  const spool = openSpool()
  for (const line of ['a', 'b', 'c']) {
    spool.add(line)
    await spool.seal()
  }
  expect(readdirSync(path).toSorted()).toEqual(['1.zst', '2.zst', '3.zst'])
  expect(spool.unsent.segments).toBe(3)
  const all = takeAll(spool)
  expect(linesOf(all)).toEqual(['a', 'b', 'c'])
  expect(spool).toMatchObject({ sequence: 3, hash: all.at(-1)?.hash, lost: 0 })
  expect(spool.unsent).toEqual({ segments: 0, bytes: 0 })
  expect(readdirSync(path)).toEqual(['3.zst'])
  await spool.close()
})

test('a full segment ends by itself, below what a server takes', async () => {
  const spool = openSpool()
  const line = 'x'.repeat(1000)
  for (let i = 0; i < 2500; i++) spool.add(line)
  await spool.seal()
  const all = takeAll(spool)
  expect(all.length).toBe(3)
  expect(linesOf(all)).toHaveLength(2500)
  await spool.close()
})

test('what was added is there after kill -9, and the chain goes on', async () => {
  const script = `
    import { Spool } from ${JSON.stringify(join(import.meta.dirname, '../../src/spool/spool.ts'))}
    const spool = Spool.open(${JSON.stringify(path)}, { gap: () => {} })
    spool.add('first'); await spool.seal()
    spool.add('second'); await spool.seal()
    spool.acknowledge(1)
    spool.add('third'); spool.add('fourth'); spool.flush()
    process.stdout.write('ready'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  // Of the last line, half was written.
  writeFileSync(join(path, '3.ndjson'), 'fif', { flag: 'a' })
  writeFileSync(join(path, '2.zst.part'), 'x')
  const spool = openSpool()
  await spool.seal()
  spool.add('sixth')
  await spool.seal()
  // Whether the first was acknowledged is not known any more: it comes again.
  expect(linesOf(takeAll(spool))).toEqual(['first', 'second', 'third', 'fourth', 'sixth'])
  expect(gaps).toEqual([])
  await spool.close()
})

test('what does not fit is counted and told; there is room again when segments were acknowledged', async () => {
  const spool = openSpool(20_000)
  for (let i = 0; i < 100; i++) spool.add(`${i} `.repeat(200))
  await spool.seal()
  expect(spool.lost).toBeGreaterThan(0)
  await vi.waitFor(() => expect(gaps).toHaveLength(1))
  expect(gaps[0]).toMatch(/^events no longer go to the control plane: 1 segments/)
  const kept = linesOf(takeAll(spool))
  expect(kept.length + spool.lost).toBe(100)
  spool.add('again')
  await spool.seal()
  await vi.waitFor(() => expect(gaps).toHaveLength(2))
  expect(gaps[1]).toBe(`${spool.lost} events did not go to the control plane: its spool was full`)
  await spool.close()
})

test('a line that no server takes is lost, and told', async () => {
  const spool = openSpool()
  spool.add('x'.repeat((1 << 20) + 1))
  spool.add('y')
  await spool.seal()
  expect(linesOf(takeAll(spool))).toEqual(['y'])
  expect(spool.lost).toBe(1)
  await vi.waitFor(() => expect(gaps).toHaveLength(1))
  await spool.close()
})

test('a segment that somebody else changed is not sent, and told; the others are', async () => {
  const spool = openSpool()
  for (const line of ['a', 'b']) {
    spool.add(line)
    await spool.seal()
  }
  const bytes = readFileSync(join(path, '1.zst'))
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  writeFileSync(join(path, '1.zst'), bytes)
  expect(spool.next()?.seq).toBe(2)
  expect(gaps).toEqual([
    `segment 1 of what goes to the control plane was changed or removed in ${path} by somebody else: it is not sent`,
  ])
  await spool.close()
})

test('what cannot be read now is kept and tried again; what is gone is told; numbers stay those of the segments', async () => {
  const spool = openSpool()
  for (const line of ['a', 'b', 'c', 'd']) {
    spool.add(line)
    spool.flush()
    if (line === 'a') {
      // As a disk that fails would.
      renameSync(join(path, '1.ndjson'), join(path, 'away'))
      mkdirSync(join(path, '1.ndjson'))
    }
    if (line === 'b') rmSync(join(path, '2.ndjson'))
    await spool.seal()
  }
  expect(spool.next()).toBeUndefined()
  expect(spool.unsent.segments).toBe(4)
  rmSync(join(path, '1.ndjson'), { recursive: true })
  renameSync(join(path, 'away'), join(path, '1.ndjson'))
  await spool.seal()
  expect(readdirSync(path).toSorted()).toEqual(['1.zst', '2.zst', '3.zst'])
  expect(gaps.filter((text) => /2.ndjson is no longer in/.test(text))).toHaveLength(1)
  await spool.close()
  // Killed when the last one was packed, and not removed yet.
  writeFileSync(join(path, '3.ndjson'), 'd\n')
  const next = openSpool()
  await next.seal()
  expect(linesOf(takeAll(next))).toEqual(['a', 'c', 'd'])
  await next.close()
})

test('a disk that takes nothing for a moment costs the events of that moment', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const spool = openSpool()
    mkdirSync(join(path, '1.ndjson'))
    for (const line of ['a', 'b']) spool.add(line)
    rmSync(join(path, '1.ndjson'), { recursive: true })
    vi.advanceTimersByTime(1000)
    spool.add('c')
    await spool.seal()
    expect(linesOf(takeAll(spool))).toEqual(['c'])
    expect(spool.lost).toBe(2)
    await spool.close()
  } finally {
    vi.useRealTimers()
  }
})

test('a segment that unpacks to more than any has is not unpacked to look into it; a pipe is no file', async () => {
  const body = zstdCompressSync(Buffer.alloc(64 << 20, '\n'))
  mkdirSync(path)
  const hash = chainHash(firstPrevious, body)
  writeFileSync(join(path, '1.zst'), encodeSegment({ seq: 1, previous: firstPrevious, hash, body }))
  expect(openSpool).toThrow(/Cannot create a Buffer larger/)
  rmSync(join(path, '1.zst'))
  execFileSync('mkfifo', [join(path, '1.zst')])
  expect(openSpool).toThrow('1.zst is no file')
})

/** What lies there whole. */
const files = (): string[] => readdirSync(path).filter((name) => !name.endsWith('.part'))

test('what the disk does not take packed is sent all the same, one at a time, and the chain goes on', async () => {
  const spool = openSpool()
  const blocked = [1, 2].map((seq) => join(path, `${seq}.zst.part`))
  // Nothing can be made in their place.
  for (const one of blocked) mkdirSync(join(one, 'x'), { recursive: true })
  for (const line of ['a', 'b', 'c']) {
    spool.add(line)
    await spool.seal()
  }
  expect(files()).toEqual(['1.ndjson', '2.ndjson', '3.ndjson'])
  const [first] = takeAll(spool)
  expect(linesOf(first === undefined ? [] : [first])).toEqual(['a'])
  expect(files()).toEqual(['2.ndjson', '3.ndjson'])
  expect(spool.isBehind).toBe(true)
  await spool.seal()
  for (const one of blocked) rmSync(one, { recursive: true })
  const [second] = takeAll(spool, first)
  // With it an agent after this one continues the chain.
  expect(files()).toEqual(['2.zst', '3.ndjson'])
  await spool.close()
  const again = openSpool()
  await again.seal()
  expect(takeAll(again, first).map(({ seq }) => seq)).toEqual([2, 3])
  expect(linesOf(second === undefined ? [] : [second])).toEqual(['b'])
  expect(gaps).toEqual([])
  await again.close()
})
