import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type PreparedWorker, prepareWorkflow } from '@runwarden/lab/runner'

/**
 * A job of a workflow, ready to be started as GitHub's runner does it.
 * @param folder gets the workflow, a runner, and the checkout in `work`
 * @param steps as they stand in a workflow
 */
export function prepareJob(
  folder: string,
  steps: string,
  options: Partial<Parameters<typeof prepareWorkflow>[1]> = {},
): PreparedWorker {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'ci.yml')
  writeFileSync(file, `on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`)
  return prepareWorkflow(file, {
    folder: join(folder, 'runner'),
    workspace: join(folder, 'work'),
    ...options,
  })
}
