/**
 * supervise.js PROGRAM [ARGUMENT …]: keeps the agent running where there is no systemd to do so. It starts it again
 * when it dies by a signal or fails unexpectedly, for a while longer after each time; it ends as the agent ends when
 * that stops by itself, or says (125, 2) that it cannot run. SIGTERM is handed on.
 */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** More starts within that time, and something is wrong that another start does not mend. */
const starts = 6
const within = 60_000
/** After the first end; each further one within the time doubles it. */
const firstPause = 100

const say = (text: string): void => {
  process.stderr.write(`runwarden: ${text}\n`)
}

try {
  // The runner offers what it starts to the kernel as the first to end when memory is short.
  writeFileSync('/proc/self/oom_score_adj', '-900')
} catch {
  say('the agent may be the first to end when memory is short: its oom_score_adj cannot be lowered')
}

const [program = '', ...words] = process.argv.slice(2)
let stop: (() => void) | undefined
let stopping = false
process.on('SIGTERM', () => {
  stopping = true
  stop?.()
})

interface End {
  status: number
  how: string
  /** Another start may mend it. */
  again: boolean
}

function run(): Promise<End> {
  return new Promise((done) => {
    const agent = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit'] })
    stop = () => agent.kill('SIGTERM')
    agent.on('error', (error) => {
      done({ status: 125, how: `cannot be started: ${error.message}`, again: false })
    })
    agent.on('exit', (status, signal) => {
      if (status === null) done({ status: 1, how: `was ended by ${signal}`, again: true })
      else done({ status, how: `ended with ${status}`, again: ![0, 2, 125].includes(status) })
    })
  })
}

const begun: number[] = []
for (;;) {
  begun.push(performance.now())
  const { status, how, again } = await run()
  stop = undefined
  const recent = begun.filter((time) => performance.now() - time < within).length
  const last = stopping || !again || recent >= starts
  if (status !== 0) say(`the agent ${how}${last ? '' : ', and is started again'}`)
  if (last) process.exit(status)
  await sleep(firstPause * 2 ** (recent - 1))
  if (stopping) process.exit(status)
}
