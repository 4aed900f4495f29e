import { readdirSync, readFileSync } from 'node:fs'

/** Ends what a job's steps have left: each has the job's RUNNER_TRACKING_ID in its environment. */
export function endOrphans(tracking: string): void {
  const mark = `RUNNER_TRACKING_ID=${tracking}`
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1')
      if (environment.split('\0').includes(mark)) process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
}
