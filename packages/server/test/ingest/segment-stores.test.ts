import { mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FolderSegments } from '../../src/ingest/folder-segments.ts'
import type { SegmentStore } from '../../src/ingest/segment-store.ts'

/** Each way to keep segments, over a folder that is its own. Opened again it has what it had. */
const stores: Readonly<Record<string, (folder: string) => SegmentStore>> = {
  'files in a folder': (folder) => new FolderSegments(folder),
}

describe.each(Object.entries(stores))('%s', (_, open) => {
  const holds = (
    what: string,
    prove: (store: SegmentStore, again: () => SegmentStore) => Promise<void>,
  ) =>
    test(what, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), 'runwarden-store-'))
      await prove(open(folder.path), () => open(folder.path))
    })

  holds('a segment is read as it was written, by whoever opens the store', async (store, again) => {
    await store.write('job', 1, Buffer.from([0, 1, 255]))
    await store.write('job', 2, Buffer.alloc(0))
    await store.write('other', 1, new Uint8Array(4 << 20).fill(7))
    for (const one of [store, again()]) {
      expect(await one.read('job', 1)).toEqual(Buffer.from([0, 1, 255]))
      expect(await one.read('job', 2)).toEqual(Buffer.alloc(0))
      expect((await one.read('other', 1)).equals(Buffer.alloc(4 << 20, 7))).toBe(true)
    }
  })

  holds('what was there under a number is replaced, whole', async (store) => {
    await store.write('job', 1, Buffer.alloc(100_000, 1))
    await store.write('job', 1, Buffer.from('short'))
    expect(String(await store.read('job', 1))).toBe('short')
  })

  holds('what is not there can’t be read, and says so', async (store) => {
    await expect(store.read('job', 1)).rejects.toThrow(Error)
    await store.write('job', 1, Buffer.from('x'))
    await expect(store.read('job', 2)).rejects.toThrow(Error)
    await expect(store.read('other', 1)).rejects.toThrow(Error)
  })

  holds(
    'a job goes with all of its segments, and no other’s; it may come again',
    async (store, again) => {
      await store.write('job', 1, Buffer.from('x'))
      await store.write('job', 2, Buffer.from('x'))
      await store.write('other', 1, Buffer.from('y'))
      expect((await store.jobs()).toSorted()).toEqual(['job', 'other'])
      await store.remove('job')
      await store.remove('never there')
      expect(await again().jobs()).toEqual(['other'])
      await expect(store.read('job', 1)).rejects.toThrow(Error)
      expect(String(await store.read('other', 1))).toBe('y')
      await store.write('job', 1, Buffer.from('z'))
      expect(String(await again().read('job', 1))).toBe('z')
    },
  )

  holds('many are written at once', async (store, again) => {
    const all = Array.from({ length: 200 }, (__, i) => ({ job: `job${i % 7}`, seq: i + 1 }))
    await Promise.all(
      all.map(({ job, seq }) => store.write(job, seq, Buffer.from(`${job} ${seq}`))),
    )
    const there = again()
    for (const { job, seq } of all) expect(String(await there.read(job, seq))).toBe(`${job} ${seq}`)
  })
})

test('a file that an end in between has left half written is no segment, and is overwritten', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'runwarden-store-'))
  const store = new FolderSegments(folder.path)
  await store.write('job', 1, Buffer.from('x'))
  writeFileSync(join(folder.path, 'segments/job/2.zst.tmp'), 'half')
  await expect(store.read('job', 2)).rejects.toThrow('ENOENT')
  await store.write('job', 2, Buffer.from('whole'))
  expect(String(await store.read('job', 2))).toBe('whole')
  expect(readdirSync(join(folder.path, 'segments/job')).toSorted()).toEqual(['1.zst', '2.zst'])
})
