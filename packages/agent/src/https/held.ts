import { readFileSync } from 'node:fs'
import type { TlsOffer } from '@runwarden/sensor'

/** A clock tick of /proc/PID/stat, ns. */
const TICK = 10_000_000n
/** A parent that has seen its child stopped stops itself whenever it is next given the processor. */
const WATCHED_MS = 10_000
const CHECK_MS = 50
const LOOK_MS = 1000
const MOST_LOOKED = 1024

interface Stat {
  state: string
  parent: number
  start: string
}

/**
 * Signals processes that are held. su, sudo and the like stop themselves when their child is stopped, and wait for somebody to let
 * them go on: that is done here, for all above such processes. sudo may have a process of its own between, which
 * does not stop.
 */
export class HeldProcesses {
  /** Until when each is watched. */
  private readonly parents = new Map<number, number>()
  /** By process: until when its parent need not be looked for again. */
  private readonly looked = new Map<string, number>()
  private timer: NodeJS.Timeout | undefined

  goOn({ pid, start, execId }: TlsOffer): void {
    // One that has its number since can only be let go a little early: nothing depends on its being stopped.
    send(pid, 'SIGCONT')
    const now = performance.now()
    if (now < (this.looked.get(execId) ?? 0)) return
    this.looked.delete(execId)
    this.looked.set(execId, now + LOOK_MS)
    if (this.looked.size > MOST_LOOKED) this.looked.delete(this.looked.keys().next().value ?? '')
    const stat = statOf(pid)
    if (stat?.start === String(start / TICK)) this.watch(stat.parent, now)
  }

  /** The process itself, not one that has its number since. */
  end({ pid, start }: TlsOffer): void {
    const stat = statOf(pid)
    if (stat === null || stat.start !== String(start / TICK)) return
    send(pid, 'SIGKILL')
    this.watch(stat.parent, performance.now())
  }

  private watch(parent: number, now: number): void {
    if (parent <= 1 || parent === process.pid) return
    this.parents.set(parent, now + WATCHED_MS)
    this.timer ??= setInterval(() => this.check(), CHECK_MS).unref()
  }

  private check(): void {
    const now = performance.now()
    const seen = new Set<number>()
    for (const [parent, until] of this.parents) {
      if (now > until) this.parents.delete(parent)
      for (let pid = parent; pid > 1 && pid !== process.pid && !seen.has(pid);) {
        seen.add(pid)
        const stat = statOf(pid)
        if (stat?.state === 'T') {
          send(pid, 'SIGCONT')
          this.parents.set(parent, now + WATCHED_MS)
        }
        pid = stat?.parent ?? 0
      }
    }
    if (this.parents.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
  }
}

function statOf(pid: number): Stat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold anything; what follows it is the third field.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', parent: Number(fields[1]), start: fields[19] ?? '' }
  } catch {
    return null
  }
}

function send(pid: number, name: 'SIGCONT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}
