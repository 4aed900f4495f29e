import { join } from 'node:path'
import type { VmFile } from '@runwarden/lab/vm'

/** Runs one job of a workflow as GitHub's runner does on a machine of its own, and keeps its result. */
const script = `
import { writeFileSync } from 'node:fs'
import { Runner } from '/runwarden/packages/lab/src/runner/index.ts'
const [name, user] = process.argv.slice(2)
await using runner = Runner.start({ folder: '/home/runner/' + name, ...(user ? { user } : {}) })
const job = runner.run('/opt/' + name + '.yml', {
  actions: '/opt/actions',
  runner: { environment: 'github-hosted' },
  services: { GITHUB_API_URL: 'http://127.0.0.1:1' },
})
writeFileSync('/opt/' + name + '.json', JSON.stringify(await job.ended))
`

/** What a virtual machine with the checkout needs beside it to run jobs of workflows: the simulator's own packages. */
export function simulatorFiles(): VmFile[] {
  return [
    ...['@actions/expressions', '@actions/workflow-parser', 'cronstrue', 'yaml'].map((name) => ({
      path: `/runwarden/node_modules/${name}`,
      from: join(import.meta.dirname, '../../../node_modules', name),
    })),
    { path: '/opt/package.json', content: '{ "type": "module" }' },
    { path: '/opt/run.js', content: script },
  ]
}

/** Runs the job of /opt/NAME.yml, and leaves its result in /opt/NAME.json. @param user of the runner; root's without */
export function runScript(name: string, user?: string): string {
  const folder = `/home/runner/${name}`
  const owner = user === undefined ? '' : `&& chown ${user}: ${folder}`
  const options = '--no-warnings --import /runwarden/packages/lab/src/vm/suite/plain.js'
  return `mkdir -p ${folder} ${owner}; cd /runwarden && NODE_OPTIONS='${options}' /usr/bin/node /opt/run.js ${name} ${user ?? ''}`
}
