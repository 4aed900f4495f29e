/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { ProgramAsk, ProgramReply } from './contract.ts'
import { Reading } from './reading.ts'

/** Hashes the files of programs. What comes is opened at once, before its process ends, and read when its turn comes. */
const port = parentPort
if (port === null) throw new Error('worker.ts is the program of a thread')
const reply = (message: ProgramReply): void => port.postMessage(message)

/** Files that wait, open. */
const mostOpen = 64
/** The job's own programs go first. */
const niceness = 10

const asks: ProgramAsk[] = []
const files: Reading[] = []
let scheduled = false

// Of the thread alone: on Linux that is what the number of a thread means here.
setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), niceness)

port.on('message', (ask: ProgramAsk) => {
  asks.push(ask)
  openSome()
  schedule()
})

function openSome(): void {
  while (files.length < mostOpen) {
    const ask = asks.shift()
    if (ask === undefined) return
    const begun = Reading.begin(ask)
    if (begun instanceof Reading) files.push(begun)
    else reply(begun)
  }
}

function schedule(): void {
  if (scheduled || files.length === 0) return
  scheduled = true
  setImmediate(() => {
    scheduled = false
    const done = files[0]?.next()
    if (done !== undefined) {
      files.shift()
      reply(done)
    }
    openSome()
    schedule()
  })
}
