/**
 * What an HTTPS request costs a node client: bare, under `runwarden run`, under bpftrace with probes on the same two functions,
 * and through mitmproxy, round by round in one run, in the lab. Bodies of 1 and 96 KiB, over kept connections and over one each.
 * Run: node bench/https.ts [rounds]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLab } from '../packages/lab/src/index.ts'
import { median } from './contest.ts'

const rounds = Number(process.argv[2] ?? 5)
const name = 'web.example.com'
/** In the runner's own namespace, by no other link than loopback: the lab's own ends in what records it. */
const address = '192.0.2.77'
const node = process.execPath
const root = join(import.meta.dirname, '..')
const place = mkdtempSync(join(tmpdir(), 'runwarden-https-'))
const at = (file: string): string => join(place, file)

await using lab = await startLab({
  packets: false,
  records: { [name]: [address] },
})
const { cert, key } = await lab.internet.issue([name])
writeFileSync(at('cert'), cert)
writeFileSync(at('key'), key)
writeFileSync(
  at('rule.yml'),
  `version: 1
egress: block
allow:
  - https: ${name}
    methods: [POST]
    paths: ["/posts/**"]
`,
)

/** Servers are on other machines: without the probes that the client's node has. */
function serve(): ChildProcess {
  const ours = at('server-node')
  copyFileSync(node, ours)
  const script = join(import.meta.dirname, 'storms/https-server.ts')
  return lab.runner.spawn(ours, [script, at('cert'), at('key'), address])
}

type Costs = Readonly<Record<string, number>>

/** Runs the client in the lab. @returns microseconds of a request, by kind of request */
async function posts(before: readonly string[], ...port: string[]): Promise<Costs> {
  const client = join(import.meta.dirname, 'storms/posts.ts')
  const words = [...before, node, client, `https://${name}/posts/1`, ...port]
  const [file = '', ...args] = words
  rmSync(at('result'), { force: true })
  const { status, stderr } = await lab.runner.exec(file, args, {
    env: { RESULT: at('result') },
    timeout: 300_000,
  })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`)
  return JSON.parse(readFileSync(at('result'), 'utf8')) as Costs
}

/** Resolves when a watcher has said that it is there; what it prints from then on is taken, for a full pipe would stop it. */
async function watches(child: ChildProcess, ready: RegExp): Promise<void> {
  for await (const data of child.stdout?.iterator({ destroyOnReturn: false }) ?? [])
    if (ready.test(String(data))) break
  child.stdout?.resume()
}

async function beside(child: ChildProcess, ready: RegExp, work: () => Promise<Costs>) {
  try {
    await watches(child, ready)
    return await work()
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
}

const runwarden =
  (...options: string[]) =>
  (): Promise<Costs> => {
    const command = [join(root, 'node_modules/.bin/runwarden'), 'run', '--quiet']
    // The agent is busy with itself for a second after its start.
    const later = ['sh', '-c', 'sleep 2; exec "$0" "$@"']
    return posts([...command, '--out', at('out'), ...options, '--', ...later])
  }

/** The most of a buffer that its release in Debian copies is 200 bytes; here up to 16 KiB of each call are. */
const script = `BEGIN { printf("ready\\n"); }
uprobe:${node}:SSL_write { printf("%d > %d %r\\n", pid, arg2, buf(arg1, 200)); }
uprobe:${node}:SSL_read { @buffer[tid] = arg1; }
uretprobe:${node}:SSL_read /(int32)retval > 0/ { printf("%d < %d %r\\n", pid, retval, buf(@buffer[tid], 200)); }`

const contenders: Record<string, () => Promise<Costs>> = {
  bare: () => posts([]),
  'runwarden audit': runwarden(),
  'runwarden block': runwarden('--egress', 'block', '--allow', name),
  'runwarden block, HTTPS rule': runwarden('--policy', at('rule.yml')),
  bpftrace: () => {
    const options = { ...process.env, BPFTRACE_STRLEN: '200' }
    const child = spawn('bpftrace', ['-e', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: options,
    })
    return beside(child, /ready/, () => posts([]))
  },
  mitmproxy: () => {
    const words = [
      '--mode',
      `reverse:https://${address}`,
      '--ssl-insecure',
      '--listen-port',
      '8443',
    ]
    const child = lab.runner.spawn(
      'mitmdump',
      [...words, '--listen-host', '127.0.0.1', '--set', `confdir=${at('mitmproxy')}`],
      { env: { PYTHONUNBUFFERED: '1' } },
    )
    return beside(child, /listening/, () => posts([], '8443'))
  },
}

await lab.runner.exec('ip', ['addr', 'add', `${address}/32`, 'dev', 'lo'])
const server = serve()
if (server.stdout) await once(server.stdout, 'data')
const costs: Record<string, Costs[]> = {}
for (let round = 0; round <= rounds; round++) {
  for (const [contender, run] of Object.entries(contenders)) {
    const measured = await run()
    // The first one warms the caches.
    if (round > 0) (costs[contender] ??= []).push(measured)
  }
}

/** Median of the ratios in the same round. */
const ratio = (one: string, other: string, kind: string): number =>
  median((costs[one] ?? []).map((cost, i) => (cost[kind] ?? 0) / (costs[other]?.[i]?.[kind] ?? 0)))

console.log(
  `${'request'.padEnd(27)} ${'under'.padEnd(27)} µs each  of bare  of bpftrace  of mitmproxy`,
)
for (const kind of Object.keys(costs['bare']?.[0] ?? {})) {
  for (const [contender, all] of Object.entries(costs)) {
    const of = (other: string): string => ratio(contender, other, kind).toFixed(2)
    const each = median(all.map((cost) => cost[kind] ?? 0)).toFixed(0)
    console.log(
      `${kind.padEnd(27)} ${contender.padEnd(27)} ${each.padStart(7)} ${of('bare').padStart(8)} ${of('bpftrace').padStart(12)} ${of('mitmproxy').padStart(13)}`,
    )
  }
}
console.log('targets: ≤ 1.10 of bpftrace; of mitmproxy clearly less')
server.kill()
rmSync(place, { recursive: true })
