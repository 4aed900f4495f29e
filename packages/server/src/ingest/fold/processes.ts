import type { EventOf } from '@runwarden/events'
import type { RowData } from '../../views/rows.ts'
import type { JobIndex } from './job-index.ts'
import { addProgram } from './programs.ts'
import { reversed } from './search-keys.ts'
import { foldStart } from './started-programs.ts'

/** A process that goes on to exec is shown with so many of its programs. */
const mostImages = 20

/** Characters of a command line: agents send no more. */
const longestArgv = 16_384

function bounded(argv: string[]): string[] {
  let length = 0
  const end = argv.findIndex((one) => (length += one.length + 1) > longestArgv)
  return end < 0 ? argv : argv.slice(0, end)
}

export function foldExec(index: JobIndex, event: EventOf<'process.exec'>): void {
  const { execId, pid, uid, step, exe, argv, argvTruncated, cwd, time } = event
  // A fork that ran no program has no row: below its parent's stands what it made.
  const { ancestorExecId: parentExecId = event.parentExecId } = event
  index.fact('exe', reversed(exe), time, 0)
  // Without it nothing else says which process this is.
  if (execId === null) return
  const row = index.row('processes', execId, event, 0, () => ({
    execId,
    parentExecId,
    pid,
    uid,
    step,
    images: [],
    endTime: null,
    code: null,
    signal: null,
  }))
  row.count++
  const kept = bounded(argv)
  const cut = argvTruncated || kept !== argv
  const image: RowData['processes']['images'][number] = {
    exe,
    argv: kept,
    argvTruncated: cut,
    cwd,
    time,
  }
  foldStart(index, event, image)
  // The last one is what it is now.
  if (row.data.images.length >= mostImages) row.data.images[mostImages - 1] = image
  else row.data.images.push(image)
  index.isNow(execId, exe)
}

export function foldExit(index: JobIndex, event: EventOf<'process.exit'>): void {
  const row = event.execId === null ? undefined : index.process(event.execId)
  if (row === undefined) return
  row.data.endTime = event.time
  row.data.code = event.code
  row.data.signal = event.signal
  if (event.time > row.lastTime) row.lastTime = event.time
}

export function foldSandbox(index: JobIndex, event: EventOf<'sandbox.change'>): void {
  const { change, detail, errno } = event
  const key = JSON.stringify([change, detail, errno, index.programOf(event)])
  const row = index.row('sandbox', key, event, 0, () => ({ change, detail, errno, programs: [] }))
  row.count++
  addProgram(row.data.programs, index, event)
}
