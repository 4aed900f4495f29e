import { readFileSync, readlinkSync } from 'node:fs'
import type { Event } from '@runwarden/events'
import type { ProcessFacts } from '@runwarden/rules'
import type { ProcessTable } from './process-table.ts'

/** What the runner calls the process that runs a job's steps, and holds its secrets. */
const workerName = 'Runner.Worker'

/** The process that an event is about beside the one that acts: in the scope or outside; undefined: there is none. */
export function targetOf(event: Event, processes: ProcessTable): ProcessFacts | undefined {
  const pid = pidOf(event)
  if (pid === null) return undefined
  const inside = processes.withPid(pid, event.time)
  const { exe, name } =
    inside === undefined ? readProcess(pid) : { exe: inside.exe, name: commandOf(pid) }
  return {
    execId: inside?.execId ?? `outside-${pid}`,
    pid,
    parentExecId: inside?.parentExecId ?? null,
    exe,
    argv: inside?.argv ?? [],
    uid: inside?.uid ?? 0,
    inside: inside !== undefined,
    role: pid === process.pid ? 'agent' : isWorker(exe, name) ? 'worker' : 'other',
  }
}

function pidOf(event: Event): number | null {
  if (event.kind === 'sandbox.change') return event.targetPid
  if (!event.kind.startsWith('file.') || !('path' in event)) return null
  const pid = /^\/proc\/(\d+)\//.exec(event.path)?.[1]
  return pid === undefined ? null : Number(pid)
}

function isWorker(exe: string, name: string): boolean {
  return name === workerName || exe.endsWith(`/${workerName}`)
}

function readProcess(pid: number): { exe: string; name: string } {
  const name = commandOf(pid)
  try {
    return { exe: readlinkSync(`/proc/${pid}/exe`), name }
  } catch {
    // It has ended, or is a thread of the kernel.
    return { exe: name, name }
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd()
  } catch {
    return ''
  }
}
