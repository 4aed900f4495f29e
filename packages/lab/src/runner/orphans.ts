import { readdirSync, readFileSync } from 'node:fs'

/**
 * Ends what a job's steps have left: each has the job's RUNNER_TRACKING_ID in its environment.
 * @returns those that were ended
 */
export function endOrphans(tracking: string): { pid: number; name: string }[] {
  const ended: { pid: number; name: string }[] = []
  const mark = `RUNNER_TRACKING_ID=${tracking}`
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1')
      if (!environment.split('\0').includes(mark)) continue
      const command = readFileSync(`/proc/${name}/comm`, 'utf8').trim()
      process.kill(pid, 'SIGKILL')
      ended.push({ pid, name: command })
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
  return ended
}
