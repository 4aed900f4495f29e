import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobServer } from '@runwarden/events'

const nonce = 'cd'.repeat(32)
const ask = `import { ask } from ${JSON.stringify(join(import.meta.dirname, 'acts/ask-agent.mjs'))}`

interface ActionOptions {
  /** Without `version:`. */
  policy: string
  scope?: 'job' | 'host'
  server?: JobServer
  /** Fields of what the last stage says, by expressions that may wait. */
  post?: Readonly<Record<string, string>>
  /** The same, when it has said that the job is over. */
  after?: Readonly<Record<string, string>>
}

/** An action that has its job watched: `armed: ANSWER` in its first stage, `post: {report, end, …}` in its last one. */
export function makeAction(
  folder: string,
  workspace: string,
  { policy, scope = 'job', server, post = {}, after = {} }: ActionOptions,
): void {
  mkdirSync(folder, { recursive: true })
  const job = {
    policy: { name: 'the workflow', text: `version: 1\n${policy}` },
    blockList: null,
    rules: [],
    workspace,
    scope,
    afterJob: 'end',
    failMode: 'closed',
    failOn: 'none',
    server: server ?? null,
    granted: null,
    imposters: [],
  }
  const asking = (op: string): string => `await ask(${JSON.stringify({ op, nonce })})`
  const fields = Object.entries({ ...post, report: asking('report'), end: asking('end'), ...after })
  const files = {
    'action.yml':
      "name: watch\ndescription: has the job watched\ninputs: { socket: { required: true } }\nruns: { using: node24, pre: pre.js, main: main.js, post: post.js, post-if: 'always()' }\n",
    'package.json': '{ "type": "module" }',
    'pre.js': `${ask}\nconst answer = await ask(${JSON.stringify({ op: 'begin', nonce, job })})\nconsole.log('armed: ' + JSON.stringify(answer))\nprocess.exitCode = answer.ok ? 0 : 1`,
    'main.js': '',
    'post.js': `${ask}
import { spawnSync } from 'node:child_process'
const said = {}
${fields.map(([name, value]) => `said.${name} = ${value}`).join('\n')}
console.log('post: ' + JSON.stringify(said))`,
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
}
