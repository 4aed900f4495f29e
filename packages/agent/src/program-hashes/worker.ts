/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { ToHasher, WasRead } from './contract.ts'
import { Readings } from './readings.ts'

/** Hashes the files of programs: see Readings. */
const port = parentPort
if (port === null) throw new Error('worker.ts is the program of a thread')

/** The job's own programs go first, until it has ended. */
const niceness = { job: 10, end: 0 }

// Of the thread alone: on Linux that is what the number of a thread means here.
const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
const readings = new Readings((reply: WasRead) => port.postMessage(reply))
let scheduled = false

setPriority(thread, niceness.job)

port.on('message', (message: ToHasher) => {
  if (message === 'hurry') return hurry()
  if (message === 'calm') return setPriority(thread, niceness.job)
  readings.add(message)
  schedule()
})

function hurry(): void {
  try {
    setPriority(thread, niceness.end)
  } catch {
    // Who has no CAP_SYS_NICE reads on as it did.
  }
}

function schedule(): void {
  if (scheduled || !readings.busy) return
  scheduled = true
  setImmediate(() => {
    scheduled = false
    readings.step()
    schedule()
  })
}
