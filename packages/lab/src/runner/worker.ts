import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { RunnerError } from './error.ts'

// The process that is called Runner.Worker. node calls its main thread otherwise; tools look for the name.
process.title = 'Runner.Worker'
// Tests start one for each of their jobs.
enableCompileCache(join(import.meta.dirname, '../../../../build/compiled'))
try {
  const { runPlan } = await import('./plan-run.ts')
  process.exitCode = await runPlan(process.argv[2] ?? '', process.argv[3] === 'spawnclient')
} catch (error) {
  if (!(error instanceof RunnerError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
