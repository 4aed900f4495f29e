/** A worker that writes into a shared map and has a program refused, again and again. */
import { parentPort, workerData } from 'node:worker_threads'
import { BpfError, openMapById, openObject } from '../src/index.ts'
import { u64 } from './fixtures.ts'

const {
  map: id,
  number,
  refused: path,
} = workerData as { map: number; number: number; refused: string }
let refused = 0
let whole = 0
for (let i = 0; i < 300; i++) {
  using map = openMapById(id)
  map.set(u64(number * 1000 + i), u64(i))
  using object = openObject(path)
  try {
    object.load()
  } catch (error) {
    if (!(error instanceof BpfError) || error.program !== 'bad') throw error
    refused++
    const begins = error.log?.match(/BEGIN PROG LOAD LOG/g)?.length
    if (begins === 1 && error.log?.endsWith(`failed to load object '${path}'\n`)) whole++
  }
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has none
parentPort?.postMessage({ refused, whole })
