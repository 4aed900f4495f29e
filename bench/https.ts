/**
 * HTTPS requests a second of a node client, with nothing, under Runwarden's probes, under bpftrace with the same two of
 * them (the begin of SSL_write, the return of SSL_read), and through mitmproxy, round by round in one run.
 *
 *   node bench/https.ts [--rounds N] [--requests N]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { Agent, createServer, request } from 'node:https'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { startTlsCapture } from '@runwarden/sensor'
import { findCgroup2, readMounts } from '../packages/agent/src/mounts.ts'
import { median } from './contest.ts'

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : Number(process.argv[at + 1])
}
const rounds = argument('--rounds', 5)
const requests = argument('--requests', 2000)
/** Connections at a time. */
const parallel = 4

function serve(): void {
  const [key, cert] = process.argv.slice(3).map((file) => readFileSync(file))
  const server = createServer({ key, cert }, (incoming, answer) => {
    incoming.resume().on('end', () => answer.end('ok'))
  })
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
}

/** Posts bodies, and prints how many a second. */
async function ask(): Promise<void> {
  const [port, size, keepAlive] = process.argv.slice(3).map(Number)
  const body = Buffer.alloc(size ?? 0, 'x')
  const agent = new Agent({ keepAlive: keepAlive === 1, rejectUnauthorized: false })
  const post = (): Promise<void> =>
    new Promise((done, failed) => {
      const asked = request({ port, host: '127.0.0.1', agent, method: 'POST' }, (answer) => {
        answer.resume().on('end', done)
      })
      asked.on('error', failed).end(body)
    })
  const many = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await post()
  }
  const all = (count: number) =>
    Promise.all(Array.from({ length: parallel }, () => many(count / parallel)))
  await all(requests / 10)
  const begin = performance.now()
  await all(requests)
  console.log((requests * 1000) / (performance.now() - begin))
  process.exit()
}

/** What the agent does, up to the chunks. */
function capture(): void {
  let bytes = 0
  const capturing = startTlsCapture({
    scopeCgroup: process.argv[3] ?? '',
    places: [process.execPath],
    onContent: (content) => {
      for (const one of content) if ('data' in one) bytes += one.data.length
    },
  })
  process.on('SIGTERM', () => {
    capturing.drain()
    console.log(`${bytes} bytes`, capturing.lost())
    process.exit()
  })
  console.log('ready')
}

interface Place {
  cgroup: string
  /** Of the server. */
  port: number
  /** For whoever stands between, and what it keeps. */
  proxyPort: number
  folder: string
}

const contenders: Record<string, (place: Place) => ChildProcess | null> = {
  bare: () => null,
  runwarden: ({ cgroup }) =>
    spawn(process.execPath, [import.meta.filename, 'capture', cgroup], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  bpftrace: ({ cgroup }) => {
    const scope = `cgroup == ${statSync(cgroup).ino}`
    const node = process.execPath
    const program = `BEGIN { printf("ready\\n"); }
      uprobe:${node}:SSL_write /${scope}/ { printf("%d > %d %r\\n", pid, arg2, buf(arg1, 200)); }
      uprobe:${node}:SSL_read /${scope}/ { @buffer[tid] = arg1; }
      uretprobe:${node}:SSL_read /${scope} && (int32)retval > 0/ {
        printf("%d < %d %r\\n", pid, retval, buf(@buffer[tid], 200)); }`
    return spawn('bpftrace', ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  },
  mitmproxy: ({ port, proxyPort, folder }) =>
    spawn(
      'mitmdump',
      [
        '--mode',
        `reverse:https://127.0.0.1:${port}`,
        '--ssl-insecure',
        '--listen-host',
        '127.0.0.1',
      ].concat(['--listen-port', String(proxyPort), '--set', `confdir=${folder}`]),
      { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, PYTHONUNBUFFERED: '1' } },
    ),
}

async function freePort(): Promise<number> {
  const server = createNetServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function ready(child: ChildProcess | null): Promise<void> {
  for await (const data of child?.stdout?.iterator({ destroyOnReturn: false }) ?? [])
    if (/ready|listening/.test(String(data))) break
  child?.stdout?.resume()
}

/** What this file prints in a role and a cgroup. What the contenders print is taken meanwhile: a full pipe would stop them. */
async function output(cgroup: string, words: readonly string[]): Promise<string> {
  const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
  const self = [process.execPath, import.meta.filename]
  const child = spawn('sh', ['-c', script, cgroup, ...self, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [printed, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}`)
  return printed
}

async function compare(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-https-'))
  const hierarchy = findCgroup2(readMounts())
  if (hierarchy === undefined) throw new Error('no cgroup2 is mounted')
  const cgroup = mkdtempSync(join(hierarchy, 'runwarden-https-'))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const made = [
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=localhost',
  ]
  execFileSync('openssl', ['req', '-x509', ...made], { stdio: 'ignore' })
  const server = spawn(process.execPath, [import.meta.filename, 'serve', key, cert], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [printed] = await once(server.stdout, 'data')
  const place = { cgroup, port: Number(printed), proxyPort: await freePort(), folder }
  try {
    for (const size of [1 << 10, 96 << 10]) {
      for (const keepAlive of [1, 0]) {
        const rates: Record<string, number[]> = {}
        for (let round = 0; round < rounds; round++) {
          for (const [name, start] of Object.entries(contenders)) {
            const watching = start(place)
            await ready(watching)
            const rate = await output(cgroup, [
              'ask',
              String(name === 'mitmproxy' ? place.proxyPort : place.port),
              String(size),
              String(keepAlive),
              '--requests',
              String(keepAlive === 1 ? requests : requests / 10),
            ])
            ;(rates[name] ??= []).push(Number(rate))
            if (watching) {
              watching.kill('SIGTERM')
              await once(watching, 'close')
            }
          }
        }
        const bare = median(rates['bare'] ?? [])
        console.log(`${size} bytes, ${keepAlive === 1 ? 'keep-alive' : 'a connection each'}:`)
        for (const [name, all] of Object.entries(rates))
          console.log(
            `  ${name.padEnd(10)} ${median(all).toFixed(0).padStart(7)} requests/s, ${((bare / median(all) - 1) * 100).toFixed(1)} % slower than bare`,
          )
      }
    }
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
    rmdirSync(cgroup)
  }
}

const [, , role] = process.argv
if (role === 'serve') serve()
else if (role === 'ask') await ask()
else if (role === 'capture') capture()
else await compare()
