import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { makeAction } from './job-action.ts'
import { until } from './runwarden.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
})
afterAll(() => rig[Symbol.asyncDispose]())

test('a job whose steps are root is not armed with disable-sudo, is told why, and nothing is left of it', async () => {
  const socket = rig.place.at('root.sock')
  const out = rig.place.at('root-out')
  const agent = rig.spawn('--socket', socket, '--out', out, '--state', rig.place.at('root-state'))
  await until(() => existsSync(socket))
  const cgroup = rig.cgroup()
  const actions = rig.place.at('actions')
  const policy = 'egress: block\nallow: []\ndisable-sudo: true\n'
  makeAction(join(actions, 'acme/sudo/v1'), rig.place.at('root/work'), { policy })
  const { ended } = rig.job(
    cgroup,
    'root',
    `      - uses: acme/sudo@v1
        with: { socket: ${socket} }
      - run: curl -sS http://203.0.113.9/free
`,
    { actions },
  )
  const { stdout } = await ended
  expect(stdout).toMatch(/armed: .*"code":"SUDO_ROOT","message":"[^"]*user 'root', who is root/)
  // It was not armed, and nobody says that it was.
  expect(stdout).toMatch(/post: .*"code":"NO_JOB"/)
  expect(agent.said).not.toContain('NOT enforced')
  expect(readdirSync(cgroup).filter((name) => name.startsWith('runwarden.job'))).toEqual([])
  await agent.end('SIGTERM')
}, 60_000)
