import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Event, Report } from '@runwarden/events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endObserver, startObserver } from '../../src/observe/observer.ts'
import type { ObserverSettings } from '../../src/observe/settings.ts'

/**
 * The observer's life on Linux, whose lsof and ps have the options and output of macOS's. What it shows is that the parts
 * work together, not that they do on a macOS machine.
 */
const program = join(import.meta.dirname, '../../src/observe/main.ts')
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')

let parent: string
const children: ChildProcess[] = []

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'observer-'))
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(parent, { recursive: true, force: true })
})

/** A process in the worker's place: it starts what is sent to it as a step, and ends with its input. */
function startWorker(): ChildProcess & { pid: number } {
  const script = `process.on('message', (code) => require('node:child_process').spawn(process.execPath, ['-e', code], { stdio: 'inherit' }))`
  const worker = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(worker)
  if (worker.pid === undefined) throw new Error('the worker did not start')
  return worker as ChildProcess & { pid: number }
}

function settings(worker: number, more: Partial<ObserverSettings> = {}): ObserverSettings {
  return {
    folder: join(parent, 'record'),
    version: '0.0.0',
    command: ['build', 'test'],
    job: {
      policy: {
        name: 'policy.yml',
        text: 'egress: block\nlockdown: [reverse-shell]\ndisable-sudo: true\n',
      },
      blockList: null,
      rules: [],
      workspace: '/w',
      scope: 'job',
      afterJob: 'end',
      failMode: 'closed',
      failOn: 'none',
      server: null,
      granted: null,
      imposters: [{ uses: 'o/action@0123', repository: 'o/action' }],
    },
    github: { repository: 'o/r', apiUrl: null, serverUrl: null, granted: null },
    worker,
    programs: { lsof: '/usr/bin/lsof', ps: '/usr/bin/ps' },
    platform: 'darwin',
    everyMs: 200,
    ...more,
  }
}

test('a connection of a step is in the report, which never says that the job was protected', async () => {
  if (own === undefined) throw new Error('this machine has no address but loopback')
  const server = createServer().listen(0, own.address)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const worker = startWorker()
  const observer = await startObserver(settings(worker.pid), program)
  const events = join(observer.folder, 'events.ndjson')
  worker.send(`require('node:net').connect(${port}, '${own.address}')`)
  await vi.waitFor(() => expect(readFileSync(events, 'utf8')).toContain('"net.connect"'), {
    timeout: 50_000,
  })
  const { folder, gaps } = await endObserver(observer)
  server.close()

  const report = Report.parse(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')))
  expect(report.protection).toBe('unprotected')
  expect(report.health).toMatchObject({ tier: 'none', armedMs: null, hooks: [] })
  expect(gaps).toEqual(report.health.gaps)
  expect(gaps.join('\n')).toMatch(/Nothing can be blocked on macOS/)
  expect(gaps.join('\n')).toMatch(/disable-sudo has no effect on macOS/)
  expect(gaps.join('\n')).toMatch(/lockdown has no effect on macOS/)
  expect(gaps.join('\n')).toMatch(/pins o\/action@0123, a commit that no branch/)
  const [destination] = report.destinations
  expect(report.destinations).toHaveLength(1)
  expect(destination).toMatchObject({
    address: own.address,
    port,
    verdict: 'would-block',
    count: 1,
  })
  const step = report.processes.find(({ execId }) => execId === destination?.processes[0]?.execId)
  expect(step?.images[0]?.argv.join(' ')).toContain('connect(')

  const summary = readFileSync(join(folder, 'summary.md'), 'utf8')
  expect(summary).toContain('❌ Runwarden: NOT PROTECTED')
  expect(summary).not.toMatch(/🛡️|Observed|\barmed\b/)
  const lines = readFileSync(events, 'utf8').trimEnd().split('\n')
  for (const line of lines) Event.parse(JSON.parse(line))
  expect(lines.at(-1)).toContain('"ended"')
  const files = readdirSync(folder).toSorted()
  expect(files).toEqual(['events.ndjson', 'report.html', 'report.json', 'summary.md'])
  for (const name of files) expect(statSync(join(folder, name)).mode & 0o77).toBe(0)
})

test('an observer that a step has ended is missed', async () => {
  const observer = await startObserver(settings(startWorker().pid), program)
  process.kill(observer.pid, 'SIGKILL')
  await expect(endObserver(observer)).rejects.toThrow('the observer has ended, and left no report')
})

test('it ends by itself, with its report, when the worker has gone', async () => {
  const worker = startWorker()
  const observer = await startObserver(settings(worker.pid), program)
  worker.kill('SIGKILL')
  await vi.waitFor(() => statSync(join(observer.folder, 'report.json')), { timeout: 50_000 })
  expect((await endObserver(observer)).folder).toBe(observer.folder)
})

test('a machine that does not tell is no observed machine', async () => {
  const programs = { lsof: '/nowhere/lsof', ps: '/usr/bin/ps' }
  await expect(
    startObserver(settings(startWorker().pid, { programs }), program),
  ).rejects.toMatchObject({
    code: 'START',
    message: expect.stringContaining('/nowhere/lsof did not tell') as string,
    advice: expect.stringContaining('run it by hand') as string,
  })
})

test('a policy that cannot be read is no observed machine either', async () => {
  const { job } = settings(0)
  const wrong = { ...job, policy: { name: 'policy.yml', text: 'egress: maybe\n' } }
  await expect(startObserver(settings(startWorker().pid, { job: wrong }), program)).rejects.toThrow(
    /policy\.yml:1/,
  )
})
