/**
 * DNS through Runwarden's proxy beside dnsmasq forwarding to the same server, and beside that
 * server asked directly. Every query goes to the server (no cache). With --names, afterwards so many
 * names that were never asked before, and the memory meanwhile.
 *
 *   node bench/dns.ts [rounds] [--names N]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { parseAddress } from '../packages/agent/src/dns/address.ts'
import { DEFAULT_LIMITS } from '../packages/agent/src/dns/contract.ts'
import { writeName } from '../packages/agent/src/dns/name.ts'
import { LocalProxy } from '../packages/agent/src/dns/proxy.ts'
import { RecordRing } from '../packages/agent/src/dns/record-ring.ts'
import { openUdp } from '../packages/agent/src/dns/udp-socket.ts'

const NAMES = 10_000
const WINDOWS = [1, 32]
/** How many times memory is looked at during a flood of fresh names. */
const FLOOD_PARTS = 10
const QUERIES: Record<number, number> = { 1: 2000, 32: NAMES }
const TARGETS = ['direct', 'dnsmasq', 'runwarden'] as const
type Target = (typeof TARGETS)[number]

interface ThreadData {
  upstream: number
  ring: SharedArrayBuffer
}

/** The proxy as the agent runs it: its own thread, records told before answers. Only the kernel's maps are made up. */
async function proxyThread({ upstream, ring }: ThreadData): Promise<void> {
  const told = new RecordRing(ring)
  const server = { address: parseAddress('127.0.0.1')!, host: '127.0.0.1', port: upstream }
  const client = { process: { tgid: 1, start: 1n }, server }
  const granted = [{ protocol: 'tcp', portFrom: 443, portTo: 443, rule: 0 }] as const
  const proxy = await LocalProxy.open({
    policy: {
      egress: 'block',
      blocked: () => null,
      grants: (name) => (name.endsWith('.bench.test') ? granted : []),
      rule: () => 'bench:1 *.bench.test',
      narrowed: () => '',
      addressGrants: () => [],
    },
    clients: { find: () => client, fulfils: () => false },
    learner: { learn: () => true, share: () => {}, has: () => false },
    resolvers: [server],
    limits: DEFAULT_LIMITS,
    onRecords: (records) => {
      for (const record of records) told.write(record)
    },
    onFault: (error) => {
      throw error
    },
  })
  parentPort?.postMessage(proxy.ports.port4, [])
}

interface Times {
  p50: number
  p99: number
  perSecond: number
}

async function main(rounds: number, fresh: number): Promise<void> {
  const upstreamPort = await freePort()
  const forwarderPort = await freePort()
  await using servers = new Processes()
  const common = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--bind-interfaces',
    '--listen-address=127.0.0.1',
    '--pid-file=',
    '--cache-size=0',
    '--dns-forward-max=10000',
  ]
  servers.start('dnsmasq', [...common, `--port=${upstreamPort}`, '--address=/bench.test/192.0.2.1'])
  servers.start('dnsmasq', [
    ...common,
    `--port=${forwarderPort}`,
    `--server=127.0.0.1#${upstreamPort}`,
  ])
  const ring = new RecordRing(4 << 20)
  const data: ThreadData = { upstream: upstreamPort, ring: ring.memory }
  const worker = new Worker(new URL(import.meta.url), {
    workerData: data,
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  })
  const [proxyPort] = (await once(worker, 'message')) as [number]
  let recorded = 0
  const taking = setInterval(() => {
    recorded += ring.take().length
  }, 25)
  const ports: Record<Target, number> = {
    direct: upstreamPort,
    dnsmasq: forwarderPort,
    runwarden: proxyPort,
  }
  for (const target of TARGETS) await answered(ports[target])

  const results: Record<Target, Record<number, Times[]>> = {
    direct: {},
    dnsmasq: {},
    runwarden: {},
  }
  const memory: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (const window of WINDOWS) {
      // The order turns with each round, so that a busy moment of the machine hits each alike.
      for (let i = 0; i < TARGETS.length; i++) {
        const target = TARGETS[(round + i) % TARGETS.length]!
        ;(results[target][window] ??= []).push(
          await storm(ports[target], window, QUERIES[window] ?? NAMES),
        )
      }
    }
    memory.push(Math.round(process.memoryUsage.rss() / 1e6))
  }
  const flood: number[] = []
  for (let asked = 0; asked < fresh; asked += fresh / FLOOD_PARTS) {
    await storm(proxyPort, 32, Math.ceil(fresh / FLOOD_PARTS), asked + NAMES)
    flood.push(Math.round(process.memoryUsage.rss() / 1e6))
  }
  clearInterval(taking)
  await worker.terminate()
  recorded += ring.take().length
  print(results, rounds, recorded, memory)
  if (fresh > 0)
    process.stdout.write(
      `${fresh} fresh names through runwarden: resident MB after each tenth ${flood.join(' ')}\n`,
    )
}

function print(
  results: Record<Target, Record<number, Times[]>>,
  rounds: number,
  recorded: number,
  memory: number[],
): void {
  const rows = WINDOWS.flatMap((window) =>
    (['p50', 'p99', 'perSecond'] as const).map((measure) => {
      const of = (target: Target): number[] =>
        (results[target][window] ?? []).map((times) => times[measure])
      const mine = of('runwarden')
      const ratio = median(
        of('dnsmasq').map((peer, i) =>
          measure === 'perSecond' ? peer / mine[i]! : mine[i]! / peer,
        ),
      )
      return {
        inFlight: window,
        measure,
        direct: median(of('direct')),
        dnsmasq: median(of('dnsmasq')),
        runwarden: median(mine),
        ratio,
      }
    }),
  )
  const lines = rows.map(({ inFlight, measure, direct, dnsmasq, runwarden, ratio }) => {
    const cells = [direct, dnsmasq, runwarden].map((value) =>
      value.toFixed(measure === 'perSecond' ? 0 : 3).padStart(10),
    )
    const unit = measure === 'perSecond' ? 'queries/s' : `${measure} ms`
    return `${String(inFlight).padStart(9)}  ${unit.padEnd(10)}${cells.join('')}${ratio.toFixed(2).padStart(8)}×`
  })
  process.stdout.write(
    `in flight  measure       direct   dnsmasq runwarden   ratio  (medians of ${rounds} rounds; ratio to dnsmasq, pairwise)\n${lines.join('\n')}\n`,
  )
  process.stdout.write(
    `${NAMES} distinct names a round; records ${recorded}; resident MB after each round ${memory.join(' ')}\n`,
  )
  process.stdout.write(
    `${JSON.stringify({ bench: 'dns', rounds, recorded, residentMB: memory, rows })}\n`,
  )
}

/** Asks `count` names with `window` queries under way at a time; milliseconds of each. With `first`, fresh ones. */
async function storm(port: number, window: number, count: number, first = 0): Promise<Times> {
  const socket = openUdp('udp4')
  const connected = once(socket, 'connect')
  socket.connect(port, '127.0.0.1')
  await connected
  const sent = new Map<number, number>()
  const taken: number[] = []
  const all = Promise.withResolvers<void>()
  let next = 0
  const ask = (): void => {
    const id = next++ & 0xffff
    sent.set(id, performance.now())
    socket.send(query(id, `n${first > 0 ? first + next : next % NAMES}.bench.test`))
  }
  socket.on('error', all.reject)
  socket.on('message', (message) => {
    const id = message.readUInt16BE(0)
    const since = sent.get(id)
    if (since === undefined) return
    sent.delete(id)
    taken.push(performance.now() - since)
    if (next < count) ask()
    else if (sent.size === 0) all.resolve()
  })
  const began = performance.now()
  for (let i = 0; i < window; i++) ask()
  await all.promise
  const seconds = (performance.now() - began) / 1000
  socket.close()
  taken.sort((a, b) => a - b)
  return {
    p50: taken[taken.length >> 1]!,
    p99: taken[Math.floor(taken.length * 0.99)]!,
    perSecond: count / seconds,
  }
}

function query(id: number, name: string): Buffer {
  const header = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
  return Buffer.concat([
    header,
    writeName(name),
    Buffer.from([0, 1, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]),
  ])
}

/** Waits until a server answers. */
async function answered(port: number): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  const answer = once(socket, 'message')
  const asking = setInterval(() => socket.send(query(1, 'n0.bench.test'), port, '127.0.0.1'), 20)
  await answer
  clearInterval(asking)
  socket.close()
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** Programs that end with the measurement. */
class Processes implements AsyncDisposable {
  readonly #running: ChildProcess[] = []

  start(program: string, args: string[]): void {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('error', (error) => {
      throw new Error(`${program} is needed for this measurement: ${error.message}`)
    })
    this.#running.push(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
  }
}

const named = process.argv.indexOf('--names')
if (isMainThread)
  await main(
    Number(named === 2 ? 7 : (process.argv[2] ?? 7)),
    named > 0 ? Number(process.argv[named + 1]) : 0,
  )
else await proxyThread(workerData as ThreadData)
