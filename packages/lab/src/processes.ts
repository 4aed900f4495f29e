import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Start time of a process in clock ticks since boot (proc(5), stat field 22); null: it is gone. */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The program's name, in parentheses, can hold blanks and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** Identity of a process's network namespace, e.g. `net:[4026532412]`; null: the process is gone. */
export function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return null
  }
}

/** Every process of the machine. */
export function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** The processes in a network namespace. */
export function processesIn(namespace: string): number[] {
  return processes().filter((pid) => namespaceOf(pid) === namespace)
}

/** Kills what `find` finds, waits for its end, and again until it finds nothing more. */
export async function endProcesses(find: () => number[]): Promise<void> {
  for (;;) {
    const found = find().map((pid) => ({ pid, start: startOf(pid) }))
    if (found.length === 0) return
    for (const { pid } of found) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It ended by itself.
      }
    }
    while (found.some(({ pid, start }) => start !== null && startOf(pid) === start)) await delay(1)
  }
}
