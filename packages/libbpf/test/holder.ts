/** A worker that holds one of everything and ends without closing any of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { openMapById, openObject, RingReader } from '../src/index.ts'
import { order, u64 } from './fixtures.ts'

export interface HolderOrder {
  end: 'returns' | 'throws' | 'exits' | 'is terminated' | 'is terminated in a callback'
  object: string
  flood: string
  map: number
  cgroup: string
}

const { end, object: path, flood: floodPath, map: id, cgroup } = workerData as HolderOrder

const object = openObject(path, { disable: ['on_open'] })
object.load()
const link = object.attach('deny4', { cgroup })
const map = openMapById(id)
map.set(u64(1), u64(11))
const flood = openObject(floodPath)
flood.load()
const reader = new RingReader({
  maps: [flood.map('urgent'), flood.map('bulk')],
  bufferBytes: 1 << 16,
  wake: true,
  onBatch() {
    if (end !== 'is terminated in a callback') return
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has none
    parentPort?.postMessage('calling')
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  },
})
flood.run('flood', order({ count: 100 }))
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has none
if (end !== 'is terminated in a callback') parentPort?.postMessage([link, map, reader].length)
if (end === 'returns') reader.unref()
if (end === 'throws')
  setImmediate(() => {
    throw new Error('on purpose')
  })
if (end === 'exits') setImmediate(() => process.exit(0))
