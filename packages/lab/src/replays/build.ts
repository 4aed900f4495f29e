import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Report, ReportDetection } from '@runwarden/events'
import { LabError } from '../error.ts'
import { startLab } from '../lab.ts'
import { prepareWorkflow } from '../runner/index.ts'
import { runwarden } from './play.ts'
import { makeProject } from './project.ts'
import { allowedHost } from './replay.ts'

/**
 * Runs an ordinary build as a step of a workflow under the runner simulator, in a lab that has a registry.
 * @returns what was found in it
 * @throws LabError when the build itself failed
 */
export async function build(script: string, egress: 'audit' | 'block'): Promise<ReportDetection[]> {
  await using lab = await startLab()
  const { folder, url } = await makeProject(lab)
  const workspace = `${lab.folder}/workspace`
  const out = `${lab.folder}/out`
  mkdirSync(workspace)
  const workflow = `${lab.folder}/build.yml`
  const run = `set -u\n${script}`
  const steps = [{ id: 'build', shell: 'bash', run }]
  // JSON is YAML, too.
  writeFileSync(
    workflow,
    JSON.stringify({ on: 'push', jobs: { build: { 'runs-on': 'ubuntu-latest', steps } } }),
  )
  const worker = prepareWorkflow(workflow, { folder: `${lab.folder}/runner`, workspace })
  const options = ['--egress', egress, '--allow', `${allowedHost}:443`, '--out', out]
  const { status, stdout, stderr } = await lab.runner.exec(
    runwarden,
    ['run', ...options, '--workspace', workspace, '--', ...worker.command],
    {
      cwd: workspace,
      env: { WORKSPACE: workspace, PROJECT: folder, REGISTRY: `${url}/` },
      timeout: 300_000,
    },
  )
  if (status !== 0)
    throw new LabError('LAB_REPLAY', `the build ended with ${status}: ${stdout}${stderr}`)
  return (JSON.parse(readFileSync(`${out}/report.json`, 'utf8')) as Report).detections
}
