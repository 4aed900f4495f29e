export { RunnerError } from './error.ts'
export type { JobResult, StepResult } from './plan.ts'
export {
  prepareWorkflow,
  type PreparedWorker,
  runWorkflow,
  type WorkflowOptions,
} from './run-workflow.ts'
