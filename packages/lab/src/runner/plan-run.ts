import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RunnerError } from './error.ts'
import { JobRun } from './job-run.ts'
import type { Plan } from './plan.ts'
import { readWorkflow } from './workflow.ts'

/**
 * Runs one job.
 * @param client whether a listener started it, and tells it by standard input to cancel
 * @returns its exit status
 * @throws RunnerError when there is no such job
 */
export async function runPlan(planFile: string, client: boolean): Promise<number> {
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan
  const workflow = await readWorkflow(plan.workflow)
  const names = workflow.jobs.map(({ id }) => id)
  const job = workflow.jobs.find(
    ({ id }) => id === (plan.job ?? (names.length === 1 ? names[0] : '')),
  )
  if (job === undefined)
    throw new RunnerError(
      plan.job === undefined
        ? `${plan.workflow} has several jobs: name one of ${names.join(', ')}`
        : `${plan.workflow} has no job '${plan.job}': it has ${names.join(', ')}`,
    )
  if (!('steps' in job))
    throw new RunnerError(`job '${job.id}' of ${plan.workflow} calls a workflow: use runJobs`)
  if (job.strategy !== undefined && plan.matrix === null)
    throw new RunnerError(`job '${job.id}' of ${plan.workflow} has 'strategy:': use runJobs`)
  emptyTemp(plan.temp)
  const run = new JobRun(plan, { ...workflow, name: await nameOf(plan) }, job)
  // How a job is cancelled: its listener says so; without one, a signal.
  process.on('SIGINT', () => run.cancel())
  if (client) process.stdin.on('data', () => run.cancel())
  const result = await run.run()
  process.stdin.destroy()
  emptyTemp(plan.temp)
  writeFileSync(plan.result, JSON.stringify(result))
  // As the runner's worker: 100 succeeded, 102 failed (TaskResult behind an offset); here a shell's words.
  return result.status === 'success' ? 0 : 1
}

/** As the runner does before and behind each job: what it may not remove stays. */
function emptyTemp(temp: string): void {
  for (const name of readdirSync(temp)) {
    try {
      rmSync(join(temp, name), { recursive: true, force: true })
    } catch (error) {
      console.error(`${join(temp, name)} is left: ${String(error)}`)
    }
  }
}

/** `github.workflow`: of a called workflow its caller's. */
async function nameOf({ caller }: Plan): Promise<string> {
  return (await readWorkflow(caller)).name
}
