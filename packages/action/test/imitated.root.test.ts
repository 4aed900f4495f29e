import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { ActionRig, type Ended } from './action-rig.ts'

// Each test is a job or more, with an agent that is started and ended.
vi.setConfig({ testTimeout: 600_000 })

let rig: ActionRig
beforeAll(async () => {
  rig = await ActionRig.start()
}, 600_000)
afterAll(() => rig[Symbol.asyncDispose]())
afterEach(() => rig.lab.internet.clear())

/** Asks the agent as the action does, and prints its answer. */
const asks = (nonce: string): string => `
            const { readFileSync, readdirSync } = require('fs')
            const files = process.env.RUNNER_TEMP + '/_runner_file_commands/'
            const saved = readdirSync(files).filter((name) => name.startsWith('save_state')).map((name) => readFileSync(files + name, 'utf8')).join('')
            const known = JSON.parse(/^[{].*"socket".*$/m.exec(saved)[0]).watching
            const nonce = ${nonce}
            const job = { policy: { name: 'mine', text: 'version: 1\\negress: audit\\n' }, blockList: null, rules: [], workspace: process.cwd(), scope: 'job', afterJob: 'end', failMode: 'open', failOn: 'none', granted: null, imposters: [] }
            const asked = ['status', 'report', 'end', 'begin'].map((op) => new Promise((done) => {
              const socket = require('net').createConnection({ path: known.socket, allowHalfOpen: true })
              let text = ''
              socket.on('data', (part) => { text += part }).on('end', () => { socket.destroy(); console.log('ANSWER', op, text.trim()); done() })
              socket.write(JSON.stringify({ op, nonce, ...(op === 'begin' ? { job } : {}) }) + '\\n')
            }))
`
const wrong = "'0'.repeat(64)"
const right = 'known.nonce'
const write = (nonce: string): string => `cat > "$PWD/post.js" <<'END'${asks(nonce)}
          END
`

/** It is refused each time, nothing has changed by it, and it is told. */
async function expectRefused(job: Ended, step: string): Promise<void> {
  const answers = [...job.log.matchAll(/^ANSWER (\w+) (.*)$/gm)].map(
    ([, op, text]) => [op, JSON.parse(text ?? '') as { ok: boolean }] as const,
  )
  expect(answers.map(([op]) => op).toSorted(), job.log).toEqual([
    'begin',
    'end',
    'report',
    'status',
  ])
  expect(answers.filter(([, { ok }]) => ok)).toEqual([])
  expect(await rig.reached()).toEqual([])
  const report = rig.report(job)
  expect([report.protection, report.egress]).toEqual(['armed', 'block'])
  const told = report.detections.filter(({ id }) => id === 'agent-tampered')
  expect(told.map((one) => one.step)).toContain(step)
  expect(job.steps.at(-1)?.stage).toBe('post')
}

const after = '      - run: curl -sS -m 20 http://two.example.com/ || true\n'

test.for([
  ['a program of its own, with a wrong nonce', wrong, 'node "$PWD/post.js"'],
  ['a program of its own, with the right nonce', right, 'node "$PWD/post.js"'],
  ['the step itself, with a wrong nonce', wrong, 'exec node "$PWD/post.js"'],
  ['the step itself, with the right nonce', right, 'exec node "$PWD/post.js"'],
  [
    'the step itself, in the name of the action, with the right nonce',
    right,
    'GITHUB_ACTION=runwarden exec node "$PWD/post.js"',
  ],
  [
    'the step itself, by the action’s own program, with the right nonce',
    right,
    `GITHUB_ACTION=runwarden STATE_runwarden="$(grep -h '^{' "$RUNNER_TEMP"/_runner_file_commands/save_state*)" exec node -r "$PWD/post.js" "$(dirname "$GITHUB_WORKSPACE")"/../_actions/runwarden/runwarden/v1/dist/action/post.js`,
  ],
] as const)(
  'a step that asks the agent in the name of the action is refused, and reported: %s',
  async ([, nonce, command]) => {
    const steps = `      - id: evil
        run: |
          ${write(nonce)}          ${command}
${after}`
    await expectRefused(await rig.run({ steps }), 'evil')
  },
)

test('another action that asks is refused, and reported', async () => {
  const { mkdirSync, writeFileSync } = await import('node:fs')
  const folder = rig.place.at('actions/acme/evil/v1')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    `${folder}/action.yml`,
    "name: evil\ndescription: ''\nruns: { using: node24, main: main.js }\n",
  )
  writeFileSync(`${folder}/main.js`, asks(right).replaceAll('\\\\', '\\'))
  await expectRefused(
    await rig.run({ steps: `      - id: evil\n        uses: acme/evil@v1\n${after}` }),
    'evil',
  )
})

test('the action a second time in one job, in audit mode: what the first one forbids stays forbidden', async () => {
  const job = await rig.run({
    steps: `${after}      - uses: runwarden/runwarden@v1
        with: { egress-policy: audit }
`,
  })
  expect(job.status, job.log).toBe('success')
  const watched = /^This use of the action does nothing: the job is watched already/
  expect(job.annotations.filter(({ action }) => action !== 'runwarden')).toEqual([
    expect.objectContaining({ stage: 'pre', message: expect.stringMatching(watched) }),
    expect.objectContaining({ stage: 'main', message: expect.stringMatching(watched) }),
  ])
  expect(job.summary).not.toContain('NOT PROTECTED')
  expect(job.summary).toContain('Protected')
  expect(await rig.reached()).toEqual([])
  const { protection, egress } = rig.report(job)
  expect([protection, egress]).toEqual(['armed', 'block'])
})
