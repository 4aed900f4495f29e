/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, readlinkSync, readSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { mostBytes, type ProgramAsk, type ProgramReply, tickMs } from './contract.ts'
import { millisecondsNow, openProgram, type OpenProgram, runs } from './open.ts'

/** Hashes the files of programs. What comes is opened at once, before its process ends, and read when its turn comes. */
const port = parentPort
if (port === null) throw new Error('worker.ts is the program of a thread')
const reply = (message: ProgramReply): void => port.postMessage(message)

/** Files that wait, open. */
const mostOpen = 64
/** Between two looks at what has come. */
const chunk = Buffer.allocUnsafeSlow(1 << 20)
/** The job's own programs go first. */
const niceness = 10

type File = OpenProgram & Pick<ProgramAsk, 'number' | 'pid' | 'young'>

const asks: ProgramAsk[] = []
const files: File[] = []
let hash: Hash | undefined
let read = 0
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
    const { number, pid, young } = ask
    const open = openProgram(ask)
    if (typeof open === 'object') files.push({ ...open, number, pid, young })
    else reply({ number, sha256: null, size: null, unread: open, ranAt: null })
  }
}

function schedule(): void {
  if (scheduled || files.length === 0) return
  scheduled = true
  setImmediate(() => {
    scheduled = false
    readOne()
    openSome()
    schedule()
  })
}

/** Reads the next part of the first file. */
function readOne(): void {
  const [file] = files
  if (file === undefined) return
  let bytes
  try {
    bytes = readSync(file.fd, chunk, 0, chunk.length, null)
  } catch {
    return done(file, 'unreadable')
  }
  read += bytes
  if (bytes > 0 && read <= mostBytes) {
    hash ??= createHash('sha256')
    hash.update(bytes === chunk.length ? chunk : chunk.subarray(0, bytes))
    return
  }
  done(file, isAsItWas(file) ? '' : 'changed')
}

/** What was read is what it held when it was opened. */
function isAsItWas(file: File): boolean {
  const { fd, pid, young, stat } = file
  const now = fstatSync(fd, { bigint: true })
  if (now.size !== BigInt(read) || now.size !== stat.size) return false
  if (now.ctimeNs === stat.ctimeNs && (file.ranAt === null ? !young : wasOld(file, file.ranAt)))
    return true
  file.ranAt = millisecondsNow()
  return runs(pid, now)
}

/** Its ctime had moved on when it was opened, but not just then. */
function wasOld({ young, stat }: File, at: number): boolean {
  return !young && at - Number(stat.ctimeNs) / 1e6 > tickMs
}

function done(file: File, unread: ProgramReply['unread']): void {
  const { number, fd, stat, ranAt } = file
  files.shift()
  const digest = (hash ?? createHash('sha256')).digest('hex')
  hash = undefined
  read = 0
  closeSync(fd)
  const sha256 = unread === '' ? digest : null
  reply({ number, sha256, size: Number(stat.size), unread, ranAt })
}
