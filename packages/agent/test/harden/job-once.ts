/** job-once UID PID [restore]: hardens the machine for the job of a worker, or gives back, and says what came of it. */
import { hardenForJob, restoreAfterJob } from '../../src/harden/job.ts'
import { processStart } from '../../src/run-state.ts'

const [, , uid, pid, restore] = process.argv
const folder = '/var/lib/jobs'
const worker = { pid: Number(pid), start: processStart(Number(pid)) ?? 'gone' }
try {
  const said =
    restore === undefined
      ? await hardenForJob({ level: 'sudo', uid: Number(uid), worker, folder })
      : await restoreAfterJob(pid === 'any' ? undefined : worker, folder)
  console.log(said.join('; '))
} catch (error) {
  console.log((error as { code?: string }).code ?? String(error), String(error))
}
