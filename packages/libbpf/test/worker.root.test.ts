import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BpfObject, connectFromCgroup, openMapById, openObject } from '../src/index.ts'
import { fixture, testCgroup, u64 } from './fixtures.ts'
import type { HolderOrder } from './holder.ts'

let object: BpfObject
beforeEach(() => {
  object = openObject(fixture('maps'), { disable: ['on_open'] })
  object.load()
})
afterEach(() => object.close())

/** Descriptors of this process that name something of BPF. */
function bpfDescriptors(): number {
  let count = 0
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    try {
      if (/^(map_id|prog_id|link_id):/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')))
        count++
    } catch {
      // The folder's own descriptor is closed by now.
    }
  }
  return count
}

function hold(order: Omit<HolderOrder, 'object' | 'flood' | 'map'>): Worker {
  const workerData: HolderOrder = {
    ...order,
    object: fixture('maps'),
    flood: fixture('flood'),
    map: object.map('hash').id,
  }
  return new Worker(new URL('./holder.ts', import.meta.url), { workerData })
}

test.each(['returns', 'throws', 'exits', 'is terminated', 'is terminated in a callback'] as const)(
  'a worker that %s leaves nothing in the kernel',
  async (end) => {
    using cgroup = testCgroup()
    const map = object.map('hash')
    const before = bpfDescriptors()
    const worker = hold({ end, cgroup: cgroup.path })
    const errors: Error[] = []
    worker.on('error', (error) => errors.push(error))
    // Not events.once, which an error would end.
    const exit = new Promise((resolve) => void worker.once('exit', resolve))
    await new Promise((resolve) => void worker.once('message', resolve))
    if (end.startsWith('is terminated')) await worker.terminate()
    await exit
    expect(errors.map((error) => error.message)).toEqual(end === 'throws' ? ['on purpose'] : [])
    expect(bpfDescriptors()).toBe(before)
    expect(connectFromCgroup(cgroup.path, '127.0.0.1', 1)).not.toBe(1)
    expect(map.get(u64(1))).toEqual(u64(11))
  },
)

test('two workers and this thread use the binding at once', async () => {
  const workers = [1, 2].map((number) => {
    const workerData = { map: object.map('hash').id, number, refused: fixture('refused') }
    return new Worker(new URL('./busy.ts', import.meta.url), { workerData })
  })
  const reports = workers.map((worker) => once(worker, 'message'))
  const exits = workers.map((worker) => once(worker, 'exit'))
  for (let i = 0; i < 300; i++) {
    using again = openMapById(object.map('hash').id)
    again.set(u64(i), u64(i))
    using refused = openObject(fixture('refused'))
    expect(() => refused.load()).toThrow(expect.objectContaining({ program: 'bad' }))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const [first, second] = await Promise.all(reports)
  await Promise.all(exits)
  // Each saw the logs of its own refusals, whole.
  expect([first, second]).toEqual([[{ refused: 300, whole: 300 }], [{ refused: 300, whole: 300 }]])
  expect([...object.map('hash').entries()].length).toBe(900)
})
