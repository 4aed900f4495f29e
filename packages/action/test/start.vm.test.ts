import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Vm } from '@runwarden/lab/vm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootSystemd } from './systemd-vm.ts'

const repository = join(import.meta.dirname, '../../..')
/** What a shell, systemd (`$`, `%`) or sudo could read more into. */
const strange = '/home/runner/$(touch $HOME);\'"`id` %n ${PATH} A=b'

/** Starts an agent as the action does, by the user that runs it, and prints what came of it. */
const script = `
import { startAgent, stopAgent } from '/opt/start.js'
const [task, folder] = process.argv.slice(2)
const options = { agentRoot: ${JSON.stringify(`${strange}/dist/action/agent`)}, node: process.execPath }
try {
  console.log(JSON.stringify(await (task === 'stop' ? stopAgent({ folder }) : startAgent(options))))
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message }))
}
`
/** Says when the agent accepts a connection. */
const knock = `
import { connect } from 'node:net'
const [path] = process.argv.slice(2)
const socket = connect(path)
socket.on('connect', () => process.exit(0))
socket.on('error', () => process.exit(1))
`

let vm: Vm
beforeAll(async () => {
  const made = mkdtempSync(join(tmpdir(), 'runwarden-start-vm-'))
  try {
    const rolldown = join(repository, 'node_modules/.bin/rolldown')
    const source = join(repository, 'packages/action/src/start.ts')
    execFileSync(rolldown, [source, '--dir', made, '--platform', 'node', '--format', 'esm'])
    vm = await bootSystemd(strange, {
      // Of sudo's.
      programs: ['/lib/x86_64-linux-gnu/libz.so.1'],
      files: [
        { path: '/opt/package.json', content: '{ "type": "module" }' },
        { path: '/opt/start.js', content: readFileSync(join(made, 'start.js')) },
        { path: '/opt/act.js', content: script },
        { path: '/opt/knock.js', content: knock },
      ],
    })
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}, 600_000)
afterAll(() => vm?.[Symbol.asyncDispose]())

const run = async (text: string): Promise<string> => {
  const { stdout, stderr } = await vm.run(text, { timeout: 250 })
  return (stdout + stderr).trim()
}

/** With what a job has in its environment. */
async function act(words: string, user = 'runner'): Promise<Record<string, string>> {
  const id = await run(`id -u ${user}`)
  const said = await run(
    `cd ${quoted(strange)} && RUNNER_TRACKING_ID=github_x ACTIONS_RUNTIME_TOKEN=secret USER='$(touch x)' RUNNER_TEMP='\`touch x\`' /usr/bin/setpriv --reuid=${id} --regid=${id} --clear-groups /usr/bin/node /opt/act.js ${words}`,
  )
  return JSON.parse(said.split('\n').at(-1) ?? '') as Record<string, string>
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

let agent: { socket: string; unit: string; folder: string }
const show = (property: string): Promise<string> =>
  run(`systemctl show -P ${property} ${agent.unit}`)

test('an ordinary user with sudo starts the agent as a unit of systemd, from a folder with any name', async () => {
  agent = (await act('start')) as typeof agent
  expect(agent).toEqual({
    folder: expect.stringMatching(/^\/var\/lib\/runwarden\/jobs\/[\da-f]{16}$/),
    socket: `${agent.folder}/agent.sock`,
    unit: `runwarden-job-${agent.folder.replace(/.*\//, '')}.service`,
  })
  expect(await show('ActiveState')).toBe('active')
  expect(await run(`node /opt/knock.js ${agent.socket} && echo accepts`)).toBe('accepts')
  expect(await run(`ls ${quoted(strange)}; ls / /root /home/runner | grep -x x`)).toBe(
    'action.yml\ndist',
  )
}, 600_000)

test('it has nothing of the job’s environment, a cgroup of its own, and is the last to end for memory', async () => {
  const pid = await show('MainPID')
  const names = await run(`tr '\\0' '\\n' < /proc/${pid}/environ | sed 's/=.*//' | sort`)
  expect(names.split('\n')).toEqual(expect.arrayContaining(['INVOCATION_ID', 'LANG', 'PATH', 'TZ']))
  expect(names).not.toMatch(/SUDO|USER|RUNNER|ACTIONS|TOKEN/)
  expect(await run(`cat /proc/${pid}/cgroup /proc/${pid}/oom_score_adj`)).toBe(
    `0::/system.slice/${agent.unit}\n-900`,
  )
  expect(await run(`readlink /proc/${pid}/exe`)).toBe(`${agent.folder}/program/node`)
}, 600_000)

test('the job’s user can neither read nor change what it runs', async () => {
  const tries = ['ls', 'touch'].map(
    (program) =>
      `/usr/bin/setpriv --reuid=1001 --regid=1001 --clear-groups ${program} ${agent.folder}/program/x`,
  )
  expect(await run(tries.join('; '))).toMatch(/(Permission denied[^]*){2}/)
}, 600_000)

test('killed, it is started again', async () => {
  const pid = await show('MainPID')
  await run(
    `kill -KILL ${pid}; until [ "$(systemctl show -P NRestarts ${agent.unit})" = 1 ] && node /opt/knock.js ${agent.socket}; do sleep 0.2; done`,
  )
  expect(await show('MainPID')).not.toBe(pid)
}, 600_000)

test('stopped, it leaves nothing: no unit, no process, no folder', async () => {
  expect(await act(`stop ${agent.folder}`)).toHaveProperty('lastWords')
  expect(await show('LoadState')).toBe('not-found')
  expect(await run(`ls /var/lib/runwarden/jobs; ls -l /proc/*/exe 2>/dev/null | grep jobs`)).toBe(
    '',
  )
}, 600_000)

test('a user who may not use sudo is told so', async () => {
  expect(await act('start', 'nobody')).toMatchObject({
    code: 'NO_ROOT',
    message: expect.stringMatching(/sudo does not do it: [^]*sudo: a password is required$/),
  })
}, 600_000)
