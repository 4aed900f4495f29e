import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'
import { arrived, arrivedOf } from './ways.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
  await rig.lab.serve({ addresses: ['198.51.100.92'], ports: { http: 8080 } })
})
afterAll(() => rig[Symbol.asyncDispose]())

const curl = (mark: string): string => `curl -sm20 http://198.51.100.92:8080/${mark} || true`

test('an agent lets the steps of its runner’s workers through that a line names, and nobody else', async () => {
  const cgroup = rig.cgroup()
  const first = rig.job(
    cgroup,
    'first',
    `      - id: early
        run: |
          touch begun; while [ ! -e armed ]; do sleep 0.1; done
          ${curl('begun-before')}
      - id: deploy
        run: ${curl('next-step')}
      - id: other
        run: ${curl('other')}
`,
  )
  await until(() => existsSync(`${first.workspace}/begun`))
  const policy = rig.place.at('narrowed.yml')
  writeFileSync(
    policy,
    'version: 1\negress: block\nallow:\n  - endpoint: 198.51.100.92:8080\n    steps: [early, deploy]\n',
  )
  const agent = await rig.agent([{ cgroup, policy, name: 'runner' }])

  // Somebody else in the scope, while the job runs.
  const fake = rig.place.at('Runner.Worker')
  copyFileSync('/bin/dash', fake)
  const forged = `GITHUB_ACTION=deploy sh -c '${curl('forged')}'; :`
  await rig.lab.runner.exec('sh', ['-c', `${fake} -c "${forged}"; :`], { cgroup })
  await agent.says('calls itself Runner.Worker')
  writeFileSync(`${first.workspace}/armed`, '')
  expect((await first.ended).status).toBe(0)
  await agent.end('SIGTERM')
  const marks = ['begun-before', 'next-step', 'other', 'forged']
  expect(arrivedOf(marks, await arrived(rig.lab))).toEqual(['next-step'])
}, 600_000)
