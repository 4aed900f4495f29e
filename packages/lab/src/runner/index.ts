export { RunnerError } from './error.ts'
export type { JobResult, StepResult } from './plan.ts'
export { type JobsOptions, type RanJob, runJobs } from './run-jobs.ts'
export {
  prepareWorkflow,
  type PreparedWorker,
  runWorkflow,
  type WorkflowOptions,
} from './run-workflow.ts'
