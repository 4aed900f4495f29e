import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** What the listener is told, a line of JSON each; the runner's own is told by GitHub. */
export type ListenerOrder =
  /** Start a worker: only when there is none. */
  | { run: { command: readonly [string, ...string[]]; log: string } }
  /** Cancel the job that runs. */
  | { cancel: true }

/** What it tells, a line of JSON each, on descriptor 3. */
export type ListenerNews = { started: number } | { ended: number | null }

function tell(news: ListenerNews): void {
  writeSync(3, `${JSON.stringify(news)}\n`)
}

let worker: ChildProcess | undefined

function start({ command: [program, ...args], log }: { command: readonly string[]; log: string }) {
  const file = openSync(log, 'a')
  // As the runner calls it: a client of its listener, which tells it by a pipe what it is to do.
  const child = spawn(program ?? '', [...args, 'spawnclient'], { stdio: ['pipe', file, file] })
  child.stdin?.on('error', () => {})
  closeSync(file)
  worker = child
  child.on('spawn', () => tell({ started: child.pid ?? 0 }))
  child.on('error', (error) => {
    throw error
  })
  child.on('exit', (status) => {
    worker = undefined
    tell({ ended: status })
  })
}

// node calls its main thread otherwise; tools look for the name.
process.title = 'Runner.Listener'
// Who stops the runner cancels its job, and waits for it.
const cancel = (): void => void worker?.stdin?.write('cancel\n')
process.on('SIGINT', cancel)
createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line) as ListenerOrder
  if ('run' in order) start(order.run)
  else cancel()
})
