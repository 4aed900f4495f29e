import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'
import { until } from './runwarden.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
})
afterAll(() => rig[Symbol.asyncDispose]())

/** Steps in which programs ran, by a word among their arguments. */
const stepsOf = (name: string): Record<string, string | null> =>
  Object.fromEntries(
    rig
      .events(name)
      .flatMap((event) =>
        event.kind === 'process.exec' ? [[event.argv.at(-1) ?? '', event.step]] : [],
      ),
  )

test('an agent tells apart the steps of a job that ran before it, of the next job, and of nobody else', async () => {
  const cgroup = rig.cgroup()
  const first = rig.job(
    cgroup,
    'first',
    `      - id: early
        run: |
          touch begun
          while [ ! -e armed ]; do sleep 0.1; done
          /bin/true in-early
          (while [ ! -e over ]; do sleep 0.1; done; /bin/true in-late; touch late) > /dev/null 2>&1 &
      - id: second
        run: |
          touch second; while [ ! -e over ]; do sleep 0.1; done; /bin/true in-second
          while [ ! -e late ]; do sleep 0.1; done
`,
  )
  await until(() => existsSync(`${first.workspace}/begun`))
  const agent = await rig.agent([{ cgroup, policy: rig.policy(), name: 'runner' }])
  writeFileSync(`${first.workspace}/armed`, '')
  await until(() => existsSync(`${first.workspace}/second`))

  // Somebody else in the scope, while the job runs.
  const fake = rig.place.at('Runner.Worker')
  copyFileSync('/bin/dash', fake)
  await rig.lab.runner.exec(
    'sh',
    ['-c', `${fake} -c 'GITHUB_ACTION=second /bin/true in-nobody; :'; :`],
    { cgroup },
  )
  await agent.says('calls itself Runner.Worker')
  writeFileSync(`${first.workspace}/over`, '')
  expect((await first.ended).status).toBe(0)

  const next = rig.job(cgroup, 'next', '      - id: other\n        run: /bin/true in-other\n')
  expect((await next.ended).status).toBe(0)
  await agent.end('SIGTERM')
  expect(stepsOf('runner')).toMatchObject({
    'in-early': 'early',
    'in-late': 'early',
    'in-second': 'second',
    'in-nobody': 'runner',
    'in-other': 'other',
  })
}, 600_000)
