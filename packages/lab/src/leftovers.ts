import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcesses, processes, startOf } from './processes.ts'

/**
 * A lab's folder carries its owner in its name: rw-PID-N-START-RANDOM. Namespaces and the
 * processes that hold them go with the owner by themselves; the folder and what was left running on
 * the runner do not.
 */
const folderName = /^rw-(\d+)-(\d+)-(\d+)-\w+$/

/** Environment variable that names the lab's folder, in every process on a runner. */
export const marker = 'RUNWARDEN_LAB'

let labs = 0

/** Makes the folder of a new lab. */
export function makeFolder(): string {
  const owner = `rw-${process.pid}-${++labs}-${startOf(process.pid)}-`
  return mkdtempSync(join(tmpdir(), owner))
}

/** Ends every process that has this variable in its environment: also those that its holder left behind. */
export function endCarriers(name: string, value: string): Promise<void> {
  return endProcesses(() => processes().filter((pid) => carries(pid, name, value)))
}

/** Removes what labs left behind whose owners were killed. */
export async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const [, pid, , start] = folderName.exec(name) ?? []
    if (pid === undefined || startOf(Number(pid)) === start) continue
    const folder = join(tmpdir(), name)
    await endCarriers(marker, folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

function carries(pid: number, name: string, value: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    return environment.includes(`${name}=${value}`)
  } catch {
    return false
  }
}
