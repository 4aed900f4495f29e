import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AgentRig } from './agent-rig.ts'
import {
  answers,
  askAgent,
  asking,
  AskingJobs,
  begin,
  exited,
  nonce,
  request,
  whole,
} from './asking-jobs.ts'

let jobs: AskingJobs
let rig: AgentRig
beforeAll(async () => {
  jobs = await AskingJobs.start()
  rig = jobs.rig
})
afterAll(() => jobs[Symbol.asyncDispose]())

test('whoever imitates the action is refused, and told: a step, with the nonce and without, and another process', async () => {
  const { agent, socket, out } = await jobs.agentFor('imitated')
  const workspace = rig.place.at('imitated/work')
  const { ended } = jobs.run(
    'imitated',
    socket,
    {
      ...whole(workspace),
      // In the middle of the job its own main may not end it either.
      main: [{ op: 'end', nonce }],
    },
    `      - id: thief
        env: { GITHUB_ACTION: __acme_ask }
        run: |
          node ${askAgent} ${socket} ${request({ op: 'end', nonce })}
          exec node ${askAgent} ${socket} ${request({ op: 'end', nonce })}
      - id: other
        run: |
          node ${askAgent} ${socket} ${request(begin(workspace, ['*.example.com']))}
      - id: late
        uses: acme/ask@v1
        with:
          socket: ${socket}
          main: ${request([{ op: 'end', nonce }, begin(workspace, ['*.example.com'])])}
      - run: curl -sS -m 20 https://one.example.com/ || echo refused
`,
  )
  const { stdout, status } = await ended
  expect(status).toBe(0)
  expect(answers(stdout).map(({ ok, code }) => (ok ? 'ok' : code))).toEqual([
    'ok',
    'REFUSED',
    'REFUSED',
    'JOB_HERE',
    'ok',
    'ok',
  ])
  expect(stdout.match(/"code":"NOT_A_STAGE"/g)).toHaveLength(2)
  // It is the worker's child, and calls itself the action's step.
  expect(stdout).toMatch(
    /"code":"REFUSED","message":"[^"]*(not of the action's own|not told it as the beginning)/,
  )
  expect(stdout).toContain('refused')
  const told = jobs.left(out).report.detections.filter(({ id }) => id === 'agent-tampered')
  expect(told.map(({ step }) => step)).toEqual(
    expect.arrayContaining(['__acme_ask', 'thief', 'other', 'late']),
  )
  expect(await exited(agent)).toBe(0)
}, 600_000)

test("a step that changes the action's own files is told, and one that holds connections to the agent takes none of the action's", async () => {
  const { agent, socket, out } = await jobs.agentFor('changed')
  const folder = rig.place.at('actions/acme/ask/v1')
  const hold = `const hold = () => { const socket = require('net').connect({ path: '${socket}', allowHalfOpen: true }); const sending = setInterval(() => socket.write('x'), 100); socket.on('error', () => {}).resume().on('close', () => { clearInterval(sending); setTimeout(hold, 10) }) }; for (let i = 0; i < 40; i++) hold(); setTimeout(process.exit, 30000)`
  const { ended } = jobs.run(
    'changed',
    socket,
    whole(rig.place.at('changed/work')),
    `      - id: thief
        run: |
          echo '//' > ${folder}/added.js
          (node -e "${hold}" > /dev/null 2>&1 &)
          sleep 1
`,
  )
  const { stdout, status } = await ended
  expect(status).toBe(0)
  expect(answers(stdout).map(({ ok }) => ok)).toEqual([true, true, true, true])
  expect(jobs.left(out).report.detections).toContainEqual(
    expect.objectContaining({ id: 'agent-tampered', severity: 'high', step: 'thief' }),
  )
  expect(await exited(agent)).toBe(0)
}, 600_000)

test('a job that has the action twice is told so: another agent does not watch it as well', async () => {
  const one = await jobs.agentFor('once')
  const two = await jobs.agentFor('twice')
  const workspace = rig.place.at('once/work')
  const { ended } = jobs.run(
    'once',
    one.socket,
    whole(workspace, 'one.example.com:80'),
    `      - uses: acme/ask@v1
        with:
          socket: ${two.socket}
          pre: ${request([begin(workspace, ['*.example.com'])])}
      - if: always()
        run: curl -sS -m 20 http://two.example.com/ || echo refused
`,
  )
  const { stdout } = await ended
  expect(answers(stdout).map(({ ok, code }) => (ok ? 'ok' : code))).toEqual([
    'ok',
    'JOB_HERE',
    'ok',
    'ok',
    'ok',
  ])
  expect(stdout).toContain('refused')
  expect(await exited(one.agent)).toBe(0)
  expect(await two.agent.end('SIGTERM')).toBe(0)
}, 600_000)

test("a job whose last stage a step has silenced fails all the same, and the agent's record says why", async () => {
  const { agent, socket, out } = await jobs.agentFor('silenced')
  const { ended } = jobs.run(
    'silenced',
    socket,
    { ...whole(rig.place.at('silenced/work')), post: [] },
    '      - run: "true"\n',
  )
  const { status, signal } = await ended
  expect([status, signal]).toEqual([null, 'SIGKILL'])
  expect(await exited(agent)).toBe(0)
  expect(agent.said).toContain('the worker is ended, so that the job fails')
  expect(jobs.left(out).report.detections).toContainEqual(
    expect.objectContaining({ id: 'agent-tampered', severity: 'critical' }),
  )
}, 600_000)

test("another action's last stage in the same composite action is not taken for the action's own", async () => {
  const { agent, socket, out } = await jobs.agentFor('composite')
  const action = (name: string, runs: string): string => {
    const folder = rig.place.at('actions/acme', name, 'v1')
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'action.yml'),
      `name: ${name}\ndescription: one of two\nruns:\n${runs}`,
    )
    return folder
  }
  const sibling = action('sibling', '  using: node24\n  main: main.js\n  post: post.js\n')
  for (const stage of ['main', 'post'])
    writeFileSync(join(sibling, `${stage}.js`), `console.log('sibling ${stage}')`)
  const inner = asking(socket, whole(rig.place.at('composite/work')), '')
  action(
    'setup',
    `  using: composite\n  steps:\n${inner}      - id: sibling\n        uses: acme/sibling@v1\n`,
  )
  const { stdout, status } = await jobs.runSteps('composite', '      - uses: acme/setup@v1\n').ended
  expect(status, stdout).toBe(0)
  expect(answers(stdout).map(({ ok }) => ok)).toEqual([true, true, true, true])
  expect(stdout).toContain('sibling post')
  expect(jobs.left(out).report.detections).toEqual([])
  expect(await exited(agent)).toBe(0)
}, 600_000)
