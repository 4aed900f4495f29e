/**
 * What enforcement takes from throughput: bulk TCP on loopback and over a veth, HTTPS requests with and
 * without keep-alive, connect and close. Bare, in block mode, and with programs at the same hooks that do nothing, round by round, in
 * the lab; not in the first seconds of a run.
 * Run: node bench/throughput.ts [rounds]
 */
import { execFileSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLab } from '../packages/lab/src/index.ts'
import { median, middleHalf, shownHalf } from './contest.ts'
import { withEmptyPrograms } from './floor.ts'

const rounds = Number(process.argv[2] ?? 5)
const place = mkdtempSync(join(tmpdir(), 'runwarden-throughput-'))
const root = join(import.meta.dirname, '..')
const cc = (name: string): string => {
  const built = join(place, name)
  execFileSync('gcc', ['-O2', '-o', built, join(import.meta.dirname, 'storms', `${name}.c`)])
  return built
}
const stream = cc('stream')
const connect = cc('connect')

const web = '198.51.100.10'
const near = '192.0.2.77'
const far = '198.18.5.2'
await using lab = await startLab({
  packets: false,
  servers: [{ name: 'web.example.com', addresses: [web], ports: { https: 443 } }],
})
// The lab's own link goes through what records it: a host of our own, by a plain veth, shows the speed.
const host = lab.runner.spawn('unshare', ['--net', '--', 'sh', '-c', 'echo ready; exec cat'])
if (host.stdout) await once(host.stdout, 'data')
const inside = ['nsenter', `--net=/proc/${host.pid}/ns/net`]
const plug = `ip addr add ${near}/32 dev lo
ip link add bench type veth peer name bench netns ${host.pid}
ip addr add 198.18.5.1/30 dev bench && ip link set bench up
${inside.join(' ')} sh -c "ip addr add ${far}/30 dev bench && ip link set bench up"`
const plugged = await lab.runner.exec('sh', ['-ec', plug])
if (plugged.status !== 0) throw new Error(plugged.stderr)

/** A sink outside of any scope, in the runner's namespace (loopback) or beyond the cable. */
async function sink(port: number, beyond: boolean): Promise<ChildProcess> {
  const [file = '', ...words] = [...(beyond ? inside : []), stream, 'listen', String(port), '0']
  const child = lab.runner.spawn(file, words)
  if (child.stdout) await once(child.stdout, 'data')
  return child
}

interface Work {
  name: string
  /** Of bare throughput. */
  target: number | null
  command: readonly [string, ...string[]]
}
/** Of its own: servers are on other machines, without the probes that the client's node has. */
const node = join(place, 'node')
copyFileSync(process.execPath, node)
const https = join(import.meta.dirname, 'storms/https.ts')
const works: Work[] = [
  { name: 'TCP bulk, loopback', target: 0.98, command: [stream, near, '9101', '16000'] },
  { name: 'TCP bulk, veth', target: 0.98, command: [stream, far, '9102', '16000'] },
  { name: 'connect and close', target: 0.95, command: [connect, '20000', near] },
  {
    name: 'HTTPS requests, kept alive',
    target: 0.97,
    command: [node, https, 'https://web.example.com/', '3000', 'keep'],
  },
  {
    name: 'HTTPS requests, a connection each',
    target: 0.97,
    command: [node, https, 'https://web.example.com/', '1000', 'new'],
  },
  {
    // Another server in between: bench/dns.ts compares it with its like.
    name: 'HTTPS requests, a query each, too',
    target: null,
    command: [node, https, 'https://web.example.com/', '1000', 'ask'],
  },
]
const allow = `web.example.com ${near}:9101 ${far}:9102 ${near}:8443`

async function seconds(words: readonly string[]): Promise<number> {
  const [file = '', ...args] = words
  const result = join(place, 'result')
  rmSync(result, { force: true })
  const { status, stderr } = await lab.runner.exec(file, args, {
    env: { RESULT: result },
    timeout: 300_000,
  })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`)
  return Number(readFileSync(result, 'utf8'))
}
const guarded = (command: readonly string[]): string[] => [
  join(root, 'node_modules/.bin/runwarden'),
  'run',
  '--quiet',
  '--egress',
  'block',
  '--allow',
  allow,
  '--out',
  join(place, 'out'),
  '--',
  ...command,
]
/** The agent is busy with itself for a second after its start; and a processor that has slept is slower, also without it. */
const rested = (command: readonly string[]): string[] => [
  'sh',
  '-c',
  'sleep 2; exec "$0" "$@"',
  ...command,
]

const sinks = [await sink(9101, false), await sink(9102, true)]
const [hierarchy = ''] =
  /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/self/mounts', 'utf8'))?.slice(1) ?? []
/** What being in a cgroup of its own costs, with programs at the same hooks that do nothing; not the probes on TLS libraries. */
const idle = (command: readonly string[]): Promise<number> =>
  withEmptyPrograms(place, hierarchy, (prefix) => seconds([...prefix, ...command]))
console.log(
  'workload                            bare        in block mode   of bare (middle half)          empty programs   target',
)
for (const { name, target, command } of works) {
  const bare: number[] = []
  const ratios: number[] = []
  const floors: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const without = await seconds(rested(command))
    const within = await seconds(guarded(rested(command)))
    const empty = await idle(rested(command))
    if (round === 0) continue
    bare.push(without)
    ratios.push(without / within)
    floors.push(without / empty)
  }
  const ratio = median(ratios)
  const [time, guardedTime] = [median(bare), median(bare) / ratio]
  console.log(
    `${name.padEnd(34)} ${time.toFixed(3)} s ${guardedTime.toFixed(3).padStart(12)} s ${ratio.toFixed(3).padStart(11)} ${shownHalf(middleHalf(ratios)).padEnd(20)} ${median(floors).toFixed(3).padStart(14)}   ${target === null ? '' : `≥ ${target}`}`,
  )
}
for (const child of [...sinks, host]) child.kill()
rmSync(place, { recursive: true })
