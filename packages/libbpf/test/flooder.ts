/** A worker that writes numbered records into another thread's ring, as fast as that one reads. */
import { parentPort, workerData } from 'node:worker_threads'
import { openMapById, openObject } from '../src/index.ts'
import { order } from './fixtures.ts'

const { path, ring, bulk, first, total, step, ahead, progress } = workerData as FloodOrder

export interface FloodOrder {
  path: string
  /** Id of the ring's map. */
  ring: number
  /** Id of a second one, which takes every second record. */
  bulk?: number
  /** Number of the first record. */
  first: number
  total: number
  /** Records that one run of the program writes. */
  step: number
  /** Records that may be unread. */
  ahead: number
  /** Records of this worker that were read. */
  progress: Int32Array
}

using urgent = openMapById(ring)
using second = bulk === undefined ? undefined : openMapById(bulk)
using object = openObject(path, {
  reuse: { urgent, ...(second === undefined ? {} : { bulk: second }) },
})
object.load()
for (let done = 0; done < total; done += step) {
  for (let read = Atomics.load(progress, 0); done + step - read > ahead;) {
    Atomics.wait(progress, 0, read)
    read = Atomics.load(progress, 0)
  }
  object.run(
    'flood',
    order({
      first: first + done,
      count: step,
      bulk: second === undefined ? false : 'every second',
    }),
  )
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has none
parentPort?.postMessage(Number(object.map('.bss').get(Buffer.alloc(4))?.readBigUInt64LE()))
