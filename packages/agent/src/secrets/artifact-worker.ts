/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { parentPort, workerData } from 'node:worker_threads'
import {
  type ArtifactAsk,
  type ArtifactReply,
  type ArtifactWorkerData,
  mostAtOnce,
  mostPerMs,
} from './artifact-contract.ts'
import { lookInto } from './artifact-file.ts'
import { Scanner } from './scanner.ts'

/** Looks into uploaded files, so that the agent's own thread never waits for a disk, or for a large file. */
const port = parentPort
if (port === null) throw new Error('artifact-worker.ts is the program of a thread')
const { key } = workerData as ArtifactWorkerData
const scanner = new Scanner()
let allowance = mostAtOnce
let filled = Date.now()

/** One file after the other. */
let last = Promise.resolve()

port.on('message', (ask: ArtifactAsk) => {
  if (ask.kind === 'know') {
    // Nothing masks an artifact. Files are taken byte by byte.
    const inBytes = ask.secrets.map(({ name, value }) => ({
      name,
      value: Buffer.from(value).toString('latin1'),
      masked: false,
    }))
    return scanner.know(inBytes)
  }
  last = answer(last, ask.number, ask.path)
})

async function answer(before: Promise<void>, number: number, path: string): Promise<void> {
  await before
  const now = Date.now()
  allowance = Math.min(mostAtOnce, allowance + Math.max(0, now - filled) * mostPerMs)
  filled = now
  const looked =
    allowance > 0
      ? await lookInto(path, scanner, key)
      : { bytes: 0, not: 'budget' as const, found: [] }
  allowance -= looked.bytes
  const reply: ArtifactReply = { number, ...looked }
  port?.postMessage(reply)
}
