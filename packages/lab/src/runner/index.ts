export { RunnerError } from './error.ts'
export type { JobResult, StepAnnotation, StepResult } from './plan.ts'
export { Runner, type RunnerOptions, type RunningJob } from './runner.ts'
export { type JobsOptions, type RanJob, runJobs } from './run-jobs.ts'
export {
  prepareWorkflow,
  type PreparedWorker,
  runWorkflow,
  type WorkflowOptions,
} from './run-workflow.ts'
