import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { startLab } from '../src/index.ts'
import { namespaceOf, processes, startOf } from '../src/processes.ts'

interface Alive {
  pid: number
  start: string | null
}

/** The processes in a lab's namespaces. Told by start time, as the kernel uses numbers again. */
function processesOf(namespaces: readonly (string | null)[]): Alive[] {
  return processes()
    .filter((pid) => namespaces.includes(namespaceOf(pid) ?? 'gone'))
    .map((pid) => ({ pid, start: startOf(pid) }))
}

const stillAlive = (all: readonly Alive[]) => all.filter(({ pid, start }) => startOf(pid) === start)

const inBackground = ['-c', 'setsid -f sleep 1000 </dev/null >/dev/null 2>&1']

test('nothing is left of a lab that has ended, not even what runs on in the background', async () => {
  const lab = await startLab()
  await lab.runner.exec('bash', inBackground)
  const all = processesOf([namespaceOf(lab.runner.pid), namespaceOf(lab.internet.pid)])
  // The holder of the runner, what it runs, the servers, tcpdump, dnsmasq.
  expect(all.length).toBe(5)
  await lab[Symbol.asyncDispose]()
  expect([stillAlive(all), existsSync(lab.folder)]).toEqual([[], false])
})

test('a lab whose process was killed is removed by the next one that starts', async () => {
  const index = new URL('../src/index.ts', import.meta.url).href
  const script = `
    const { startLab } = await import(${JSON.stringify(index)})
    const lab = await startLab()
    await lab.runner.exec('bash', ${JSON.stringify(inBackground)})
    console.log(JSON.stringify([lab.folder, lab.runner.pid, lab.internet.pid]))`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [line] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string]
  const [folder, runner, internet] = JSON.parse(line) as [string, number, number]
  const all = processesOf([namespaceOf(runner), namespaceOf(internet)])
  expect([all.length, existsSync(folder)]).toEqual([5, true])
  owner.kill('SIGKILL')
  await once(owner, 'close')
  // The background process alone is left: all others go with their owner.
  await vi.waitFor(() => expect(stillAlive(all).length).toBe(1))
  await using other = await startLab()
  expect([existsSync(folder), stillAlive(all)]).toEqual([false, []])
  expect(existsSync(other.folder)).toBe(true)
})

test('several labs at once do not meet, and the machine does not meet them', async () => {
  const links = readdirSync('/sys/class/net')
  const server = { name: 'a.example.com', addresses: ['203.0.113.5'], ports: { http: 80 } }
  await using first = await startLab({ servers: [{ ...server, greeting: 'first' }] })
  await using second = await startLab({ servers: [{ ...server, greeting: 'second' }] })
  const get = ['-sS', 'http://a.example.com/']
  const [one, two] = await Promise.all([
    first.runner.exec('curl', get),
    second.runner.exec('curl', get),
  ])
  expect([one.stdout, two.stdout]).toEqual(['first', 'second'])
  expect((await first.internet.records()).length).toBe(1)
  expect(readdirSync('/sys/class/net')).toEqual(links)
})

test('mounts that a program on the runner makes are seen by the next one there, not by the machine', async () => {
  await using lab = await startLab()
  await lab.runner.exec('sh', ['-c', 'mkdir m && mount -t tmpfs lab m && touch m/inside'])
  expect((await lab.runner.exec('ls', ['m'])).stdout).toBe('inside\n')
  expect(readdirSync(`${lab.runner.home}/m`)).toEqual([])
})
