import { readFileSync, writeFileSync } from 'node:fs'
import { RunnerError } from './error.ts'
import { JobRun } from './job-run.ts'
import type { Plan } from './plan.ts'
import { readWorkflow } from './workflow.ts'

/** Runs one job: the process that is called Runner.Worker. */
async function main(planFile: string): Promise<number> {
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
  const run = new JobRun(plan, { ...workflow, name: await nameOf(plan) }, job)
  // As the runner is told to cancel a job.
  process.on('SIGINT', () => run.cancel())
  const result = await run.run()
  writeFileSync(plan.result, JSON.stringify(result))
  // As the runner's worker: 100 succeeded, 102 failed (TaskResult behind an offset); here a shell's words.
  return result.status === 'success' ? 0 : 1
}

/** `github.workflow`: of a called workflow its caller's. */
async function nameOf({ caller }: Plan): Promise<string> {
  return (await readWorkflow(caller)).name
}

// node calls its main thread otherwise; tools look for the name.
process.title = 'Runner.Worker'
try {
  process.exitCode = await main(process.argv[2] ?? '')
} catch (error) {
  if (!(error instanceof RunnerError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
