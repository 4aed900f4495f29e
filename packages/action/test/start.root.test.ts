import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startAgent, stopAgent } from '../src/start.ts'
import { environmentOf, StartPlace } from './start-place.ts'

let place: StartPlace
beforeEach(() => {
  place = new StartPlace()
})
afterEach(() => place[Symbol.dispose]())

const start = (): ReturnType<typeof startAgent> =>
  startAgent({ agentRoot: place.bundle, node: process.execPath, home: place.home })

async function answer(socket: string): Promise<string> {
  const client = connect(socket)
  const [said] = (await once(client, 'data')) as [Buffer]
  return String(said)
}

test('the agent listens when the start is over, and runs from a copy that only root can read and change', async () => {
  const { socket, folder, unit } = await start()
  expect(unit).toBeNull()
  expect(await answer(socket)).toBe('here')
  expect(statSync(join(folder, 'program')).mode & 0o777).toBe(0o700)
  expect(existsSync(join(folder, 'program/bundle/packages/cli/src/main.js'))).toBe(true)
  expect(JSON.parse(readFileSync(join(folder, 'out/started'), 'utf8'))).toMatchObject({
    task: 'agent',
    state: join(folder, 'state'),
  })
  await stopAgent({ folder })
})

test('of the job’s environment nothing arrives', async () => {
  process.env['RUNNER_TRACKING_ID'] = 'github_test'
  process.env['ACTIONS_RUNTIME_TOKEN'] = 'secret'
  const { folder } = await start()
  for (const pid of place.processes())
    expect(environmentOf(pid)).toEqual([
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
      'LANG=C.UTF-8',
      'TZ=UTC',
    ])
  expect(place.processes()).toHaveLength(2)
  await stopAgent({ folder })
})

test('stopped, it leaves no process and no folder', async () => {
  const { folder } = await start()
  await stopAgent({ folder })
  expect(place.processes()).toEqual([])
  expect(place.folders()).toEqual([])
})

test('an agent that ends at its start is told with its last words, and leaves nothing', async () => {
  place.agentIs('console.error("no cgroup here"); process.exitCode = 125')
  await expect(start()).rejects.toMatchObject({
    code: 'AGENT_ENDED',
    message: expect.stringContaining('no cgroup here\nrunwarden: the agent ended with 125'),
  })
  expect(place.processes()).toEqual([])
  expect(place.folders()).toEqual([])
})
