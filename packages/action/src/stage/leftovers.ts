import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from './environment.ts'
import type { JobFolder } from './folder.ts'

/**
 * Ends what an agent that was killed together with its supervisor has left in force, when its jobs are over.
 * @param mounts in its folder, what was mounted last first
 * @returns false: one goes on, or something that it has started
 */
export function endEnforced(
  { state }: Pick<JobFolder, 'state'>,
  mounts: readonly string[],
): boolean {
  const jobs = jobsOf(state)
  const cgroups = jobs.flatMap(({ cgroup, ownCgroup }) => (ownCgroup ? [cgroup] : []))
  if (jobs.some(isUnderWay) || cgroups.some(isPopulated)) return false
  // The pins go with the file system that they are in, and with them what they hold.
  for (const path of mounts)
    execFileSync('umount', ['--lazy', path], { env: environment, stdio: 'ignore' })
  for (const cgroup of cgroups) if (existsSync(cgroup)) rmdirSync(cgroup)
  return true
}

/** As the agent keeps them: packages/agent/src/jobs/job-file.ts. */
interface LeftJob {
  worker: number
  workerStart: string
  cgroup: string
  ownCgroup: boolean
}

function jobsOf(state: string): LeftJob[] {
  const files = readdirSync(join(state, 'jobs')).filter((name) => name.endsWith('.json'))
  return files.map((name) => JSON.parse(readFileSync(join(state, 'jobs', name), 'utf8')) as LeftJob)
}

/** The worker runs: field 22 of /proc/PID/stat is when it started. */
function isUnderWay({ worker, workerStart }: LeftJob): boolean {
  try {
    const stat = readFileSync(`/proc/${worker}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] === workerStart
  } catch {
    return false
  }
}

function isPopulated(cgroup: string): boolean {
  try {
    return readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('populated 1')
  } catch {
    return false
  }
}
