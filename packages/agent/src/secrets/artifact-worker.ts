/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { parentPort, workerData } from 'node:worker_threads'
import {
  type ArtifactAsk,
  type ArtifactReply,
  type ArtifactWorkerData,
  mostAtOnce,
  mostPerMs,
  type UploadedFile,
} from './artifact-contract.ts'
import { lookInto, type OpenedFile, openUploaded } from './artifact-file.ts'
import { Scanner } from './scanner.ts'

/** Looks into uploaded files, so that the agent's own thread never waits for a disk, or for a large file. */
const port = parentPort
if (port === null) throw new Error('artifact-worker.ts is the program of a thread')
const { key } = workerData as ArtifactWorkerData
// Files are taken byte by byte.
const scanner = new Scanner('latin1')
let allowance = mostAtOnce
let filled = Date.now()

/** Files that are open and wait for their turn. */
const MOST_OPEN = 64
let opened = 0

/** One file after the other. */
let last = Promise.resolve()

port.on('message', (ask: ArtifactAsk) => {
  if (ask.kind === 'know') {
    // Nothing masks an artifact.
    const inBytes = ask.secrets.map(({ name, value }) => ({
      name,
      value: Buffer.from(value).toString('latin1'),
      masked: false,
    }))
    scanner.know(inBytes)
    return
  }
  // Before its turn: a cache is deleted as soon as it is uploaded.
  const early = opened < MOST_OPEN ? openUploaded(ask) : undefined
  if (early !== undefined) opened++
  last = answer(last, ask, early)
})

async function answer(
  before: Promise<void>,
  { number, ...uploaded }: { number: number } & UploadedFile,
  early: Promise<OpenedFile> | undefined,
): Promise<void> {
  await before
  const file = await (early ?? openUploaded(uploaded))
  const now = Date.now()
  allowance = Math.min(mostAtOnce, allowance + Math.max(0, now - filled) * mostPerMs)
  filled = now
  if (allowance <= 0 && typeof file !== 'string') await file.close()
  const looked =
    allowance > 0
      ? await lookInto(file, scanner, key)
      : { bytes: 0, not: 'budget' as const, found: [] }
  if (early !== undefined) opened--
  allowance -= looked.bytes
  const reply: ArtifactReply = { number, ...looked }
  port?.postMessage(reply)
}
