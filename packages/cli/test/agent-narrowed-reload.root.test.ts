import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AgentRig } from './agent-rig.ts'

let rig: AgentRig
beforeAll(async () => {
  rig = await AgentRig.start()
  for (const program of ['one', 'two']) rig.place.copyProgram('/usr/bin/curl', 'bin', program)
  await rig.lab.serve({
    name: 'narrowed.example.com',
    addresses: ['198.51.100.93'],
    ports: { http: 8080 },
  })
})
afterAll(() => rig[Symbol.asyncDispose]())

test('another policy narrows names to other programs, also those that were looked up before', async () => {
  const cgroup = rig.cgroup()
  const file = rig.place.at('narrowed.yml')
  const narrowTo = (...programs: string[]): void => {
    const exe = programs.map((program) => rig.place.at('bin', program)).join(', ')
    const only = exe === '' ? '' : `\n    exe: [${exe}]`
    writeFileSync(
      file,
      `version: 1\negress: block\nallow:\n  - endpoint: narrowed.example.com:8080${only}\n`,
    )
  }
  let asked = 0
  /** Which programs get through: by name, and to the address that was looked up. */
  const through = async (): Promise<string[]> => {
    const marks: string[] = []
    for (const program of ['one', 'two']) {
      for (const where of ['narrowed.example.com', '198.51.100.93']) {
        const mark = `${program}-${asked++}`
        const url = `http://${where}:8080/${mark}`
        const args = ['-sm20', '-H', 'Host: narrowed.example.com', url]
        await rig.lab.runner.exec(rig.place.at('bin', program), args, { cgroup })
        marks.push(mark)
      }
    }
    const arrived = (await rig.lab.internet.records()).map(({ data }) => data.toString()).join('')
    return marks
      .filter((mark) => arrived.includes(`GET /${mark} `))
      .map((mark) => mark.replace(/-.*/, ''))
  }
  narrowTo('one')
  const agent = await rig.agent([{ cgroup, policy: file, name: 'narrowed' }])
  let reloads = 0
  const reload = async (): Promise<void> => {
    agent.child.kill('SIGHUP')
    reloads++
    while (agent.said.split('narrowed: reloaded').length - 1 < reloads)
      await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(await through()).toEqual(['one', 'one'])
  narrowTo('two')
  await reload()
  expect(await through()).toEqual(['two', 'two'])
  narrowTo('one')
  await reload()
  expect(await through()).toEqual(['one', 'one'])
  narrowTo('one', 'two')
  await reload()
  expect(await through()).toEqual(['one', 'one', 'two', 'two'])
  narrowTo()
  await reload()
  expect(await through()).toEqual(['one', 'one', 'two', 'two'])
  narrowTo('two')
  await reload()
  expect(await through()).toEqual(['two', 'two'])
  await agent.end('SIGTERM')
}, 600_000)
