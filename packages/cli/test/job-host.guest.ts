/** What a virtual machine does with itself: it is one job's alone. See job-host.vm.test.ts. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAction } from './job-action.ts'
import { prepareJob } from './job.ts'
import { gather, runwarden, until } from './runwarden.ts'

const place = '/run/job-host'
const FAR = '198.51.100.1'
const children: ChildProcess[] = []
const ip = (text: string): void => void execFileSync('ip', text.split(' '), { stdio: 'pipe' })

/** Starts something in a cgroup; the function gives its next line. */
function start(cgroup: string, ...command: string[]) {
  mkdirSync(`/sys/fs/cgroup/${cgroup}`, { recursive: true })
  const enter = `echo $$ >/sys/fs/cgroup/${cgroup}/cgroup.procs; exec "$@"`
  const child = spawn('sh', ['-c', enter, 'sh', ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<unknown> => (await lines.next()).value
  const ask = (word: string): Promise<unknown> => {
    child.stdin.write(`${word}\n`)
    return line()
  }
  return { child, line, ask }
}

/** Sends what it is told by a connection from before, and says what came back. */
const client = `exec 3<>/dev/tcp/${FAR}/443; echo open
while read -r word; do
  echo "$word" >&3 2>/dev/null; read -r -t 3 answer <&3 && echo "$answer" || echo cut
done`

beforeAll(async () => {
  mkdirSync(place)
  execFileSync('gcc', [
    '-o',
    `${place}/peer`,
    join(import.meta.dirname, '../../agent/test/enforce/acts/peer.c'),
  ])
  ip('netns add far')
  ip('link add eth0 type veth peer name far netns far')
  ip('link set lo up')
  for (const name of ['far', 'lo']) ip(`-n far link set ${name} up`)
  ip('addr add 192.0.2.2/24 dev eth0')
  ip('-n far addr add 192.0.2.1/24 dev far')
  ip(`-n far addr add ${FAR}/32 dev far`)
  ip('link set eth0 up')
  ip('route add default via 192.0.2.1')
  writeFileSync('/etc/resolv.conf', 'nameserver 192.0.2.1\n')
  // The other side's processes are this machine's, too.
  const far = start(
    'system.slice/far.service',
    'nsenter',
    '--net=/run/netns/far',
    `${place}/peer`,
    'echo',
    '443',
  )
  expect(await far.line()).toBe('open')
}, 100_000)
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

test('its services go on, others do not; and its job ends without them, all but the worker', async () => {
  const service = start('system.slice/own.service', 'bash', '-c', client)
  const other = start('user.slice/shell', 'bash', '-c', client)
  for (const one of [service, other]) {
    expect(await one.line()).toBe('open')
    expect(await one.ask('before')).toBe('before')
  }
  const agent = spawn(
    runwarden,
    ['agent', '--socket', `${place}/sock`, '--out', `${place}/out`, '--state', `${place}/state`],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  )
  children.push(agent)
  let heard = ''
  agent.stderr?.setEncoding('utf8').on('data', (text: string) => (heard += text))
  await until(() => existsSync(`${place}/sock`))
  const policy = 'egress: block\nallow: []\nlockdown: [runner-worker-memory-read]\n'
  makeAction(`${place}/actions/acme/lock/v1`, `${place}/job/work`, { policy, scope: 'host' })
  const { command, workspace } = prepareJob(
    `${place}/job`,
    `      - uses: acme/lock@v1
        with: { socket: ${place}/sock }
      - id: thief
        run: |
          touch armed
          setsid sh -c 'while :; do (echo >> alive); sleep 0.05; done' > /dev/null 2>&1 &
          while [ ! -e go ]; do sleep 0.1; done
          for process in /proc/[0-9]*; do
            case $(readlink $process/exe) in */Runner.Worker) worker=\${process#/proc/} ;; esac
          done
          head -c 1 /proc/$worker/mem || true
          exec tail ${place}/actions/acme/lock/v1/post.js -f
      - id: later
        if: always()
        run: touch later
`,
    { actions: `${place}/actions` },
  )
  const enter =
    'mkdir /sys/fs/cgroup/runner; echo $$ >/sys/fs/cgroup/runner/cgroup.procs; exec "$@"'
  const worker = spawn('sh', ['-c', enter, 'sh', ...command], { stdio: 'pipe' })
  const gathered = gather(worker)
  await until(() => existsSync(join(workspace, 'armed')) || worker.exitCode !== null)
  if (!existsSync(join(workspace, 'armed'))) throw new Error(`${heard}${(await gathered).stdout}`)
  expect(await service.ask('after')).toBe('after')
  expect(await other.ask('after')).toBe('cut')
  writeFileSync(join(workspace, 'go'), '')
  const { stdout, status } = await gathered
  expect(stdout).toMatch(/armed: .*"ok":true/)
  expect(status, stdout).toBe(1)
  expect(existsSync(join(workspace, 'later'))).toBe(false)
  const said = JSON.parse(/post: (\{.*\})/.exec(stdout)?.[1] ?? '{}')
  const report = readFileSync(join(said.report.value.folder, 'report.json'), 'utf8')
  const ids = JSON.parse(report).detections.map(({ id, step }: { id: string; step: string }) => [
    id,
    step,
  ])
  expect(ids).toContainEqual(['runner-worker-memory-read', 'thief'])
  expect(ids).toContainEqual(['job-locked-down', 'thief'])
  const alive = readFileSync(join(workspace, 'alive')).length
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(readFileSync(join(workspace, 'alive')).length).toBe(alive)
  // What is in no step lives, and what is exempt goes on.
  expect(other.child.exitCode).toBeNull()
  expect(await service.ask('still')).toBe('still')
  if (agent.exitCode === null) await once(agent, 'exit')
  expect(agent.exitCode).toBe(0)
}, 400_000)
