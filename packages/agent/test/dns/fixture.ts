import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket as TcpSocket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { type Address, formatAddress, parseAddress } from '../../src/dns/address.ts'
import {
  DEFAULT_LIMITS,
  type DnsClient,
  type DnsLimits,
  type DnsQueryRecord,
  type DnsServer,
  type NameGrant,
  type NamePolicy,
} from '../../src/dns/contract.ts'
import { frame, FrameReader } from '../../src/dns/frames.ts'
import { LocalProxy } from '../../src/dns/proxy.ts'

export function server(host: string, port: number): DnsServer {
  const address = parseAddress(host)
  if (!address) throw new Error(`${host} is no address`)
  return { address, host, port }
}

type Named = { address: string } & Partial<NameGrant>

export interface TestPolicy {
  egress?: 'audit' | 'block'
  /** Names, or `*.domain` for all below; each granted for TCP 443. */
  allow?: string[]
  block?: string[]
  /** Addresses that policy names; a bare one on every port of TCP and UDP. */
  addresses?: (string | Named)[]
  /** Names of `allow` that are narrowed, to the number. */
  narrowed?: Record<string, number>
}

const GRANT: NameGrant = { protocol: 'tcp', portFrom: 443, portTo: 443, rule: 0 }

function fits(patterns: string[], name: string): string | undefined {
  return patterns.find((pattern) =>
    pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : pattern === name,
  )
}

export function testPolicy({
  egress = 'block',
  allow = [],
  block = [],
  addresses = [],
  narrowed = {},
}: TestPolicy = {}): NamePolicy {
  return {
    egress,
    blocked: (name) =>
      fits(block, name)
        ? { reason: 'known bad', rule: `block-list.json ${fits(block, name)}` }
        : null,
    grants: (name) => (fits(allow, name) ? [{ ...GRANT, narrowing: narrowed[name] ?? 0 }] : []),
    rule: (index) => `policy.yml:${index + 1}`,
    narrowed: (index) => `policy.yml:${index + 1} allows it to others only`,
    addressGrants: (address) =>
      addresses
        .map((each): Named => (typeof each === 'string' ? { address: each } : each))
        .filter((each) => each.address === formatAddress(address))
        .map(({ protocol = 'any', portFrom = 1, portTo = 65_535 }) => ({
          protocol,
          portFrom,
          portTo,
          rule: 8,
        })),
  }
}

export interface Learned {
  name: string
  address: string
  ttl: number
  /** `tcp 443-443` */
  ports: string[]
}

const portsOf = ({ protocol, portFrom, portTo }: NameGrant): string =>
  `${protocol} ${portFrom}-${portTo}`

/** A proxy in this thread, with everything around it made up but its sockets. */
export interface TestProxy extends AsyncDisposable {
  proxy: LocalProxy
  port: number
  learned: Learned[]
  records: DnsQueryRecord[]
  /** Of the proxy's own. */
  faults: unknown[]
  /** What every client is taken for; null: nobody. */
  client: { now: DnsClient | null }
}

export interface TestProxyOptions {
  policy?: TestPolicy
  upstream: DnsServer
  /** Default: the upstream. */
  resolvers?: DnsServer[]
  limits?: Partial<DnsLimits>
  learnable?: boolean
  /** Addresses of the machine's interfaces. */
  own?: string[]
  /** Narrowings that every client fulfils. */
  fulfils?: number[]
}

export async function startTestProxy(options: TestProxyOptions): Promise<TestProxy> {
  const learned: Learned[] = []
  const records: DnsQueryRecord[] = []
  const faults: unknown[] = []
  const client: TestProxy['client'] = {
    now: { process: { tgid: 42, start: 7n }, server: options.upstream },
  }
  const proxy = await LocalProxy.open({
    policy: testPolicy(options.policy),
    clients: {
      find: () => client.now,
      fulfils: (_, narrowing) => options.fulfils?.includes(narrowing) ?? false,
    },
    learner: {
      learn(name: string, address: Address, ttl: number, grants: readonly NameGrant[]) {
        learned.push({ name, address: formatAddress(address), ttl, ports: grants.map(portsOf) })
        return options.learnable ?? true
      },
      share: () => {},
      has: (address) => learned.some((each) => each.address === formatAddress(address)),
    },
    resolvers: options.resolvers ?? [options.upstream],
    addressesOfMachine: () => new Set(options.own),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    onRecords: (batch) => records.push(...batch),
    onFault: (error) => faults.push(error),
  })
  return {
    proxy,
    port: proxy.ports.port4,
    learned,
    records,
    faults,
    client,
    [Symbol.asyncDispose]: () => Promise.resolve(proxy.close()),
  }
}

/** Answers a message that came to a fake server: any number of times, with anything. */
export type Answering = (
  query: Buffer,
  reply: (message: Buffer) => void,
  from: { protocol: 'udp' | 'tcp'; socket: Socket | TcpSocket; port: number },
) => void

/** A server on a loopback port, UDP and TCP, that answers as the test says and keeps what it was asked. */
export class FakeServer implements AsyncDisposable {
  readonly asked: Buffer[] = []
  readonly ports = new Set<number>()
  readonly #udp: Socket
  readonly #tcp: Server
  readonly #sockets = new Set<TcpSocket>()

  private constructor(udp: Socket, tcp: Server) {
    this.#udp = udp
    this.#tcp = tcp
  }

  get at(): DnsServer {
    return server('127.0.0.1', this.#udp.address().port)
  }

  /** TCP connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  static async start(answering: Answering): Promise<FakeServer> {
    for (;;) {
      const udp = createSocket('udp4')
      udp.bind(0, '127.0.0.1')
      await once(udp, 'listening')
      const tcp = createServer()
      tcp.listen(udp.address().port, '127.0.0.1')
      try {
        await once(tcp, 'listening')
      } catch {
        udp.close()
        continue
      }
      const fake = new FakeServer(udp, tcp)
      fake.#serve(answering)
      return fake
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#udp.close()
    this.#tcp.close()
    await once(this.#tcp, 'close')
  }

  #serve(answering: Answering): void {
    this.#udp.on('message', (query: Buffer, from: RemoteInfo) => {
      this.asked.push(query)
      this.ports.add(from.port)
      answering(query, (message) => this.#udp.send(message, from.port, from.address), {
        protocol: 'udp',
        socket: this.#udp,
        port: from.port,
      })
    })
    this.#tcp.on('connection', (socket: TcpSocket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => socket.destroy())
      const reader = new FrameReader()
      socket.on('data', (chunk) => {
        for (const query of reader.push(chunk)) {
          this.asked.push(query)
          answering(query, (message) => socket.write(frame(message)), {
            protocol: 'tcp',
            socket,
            port: socket.remotePort ?? 0,
          })
        }
      })
    })
  }
}

/** A client over UDP that keeps every datagram it is sent. */
export class UdpClient implements AsyncDisposable {
  readonly socket: Socket
  readonly #waiting: ((message: Buffer) => void)[] = []
  readonly #came: Buffer[] = []
  readonly #port: number

  private constructor(socket: Socket, port: number) {
    this.socket = socket
    this.#port = port
    socket.on('message', (message) => {
      const next = this.#waiting.shift()
      if (next) next(message)
      else this.#came.push(message)
    })
  }

  static async open(port: number, host = '127.0.0.1'): Promise<UdpClient> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    socket.connect(port, host)
    await once(socket, 'connect')
    return new UdpClient(socket, port)
  }

  send(message: Buffer): void {
    this.socket.send(message)
  }

  next(): Promise<Buffer> {
    const came = this.#came.shift()
    if (came) return Promise.resolve(came)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  ask(message: Buffer): Promise<Buffer> {
    this.send(message)
    return this.next()
  }

  get unread(): number {
    return this.#came.length
  }

  get port(): number {
    return this.#port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close()
    await once(this.socket, 'close')
  }
}

/** A client over TCP. */
export class TcpClient implements AsyncDisposable {
  readonly socket: TcpSocket
  readonly #reader = new FrameReader()
  readonly #came: Buffer[] = []
  #wake: (() => void) | null = null
  #ended = false

  private constructor(socket: TcpSocket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.#came.push(...this.#reader.push(chunk))
      this.#wake?.()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake?.()
    }
    socket.on('error', end)
    socket.on('end', end)
    socket.on('close', end)
  }

  static async open(port: number, host = '127.0.0.1'): Promise<TcpClient> {
    const socket = connect({ port, host, allowHalfOpen: true })
    const client = new TcpClient(socket)
    // A connection that is refused or reset is one that has ended.
    await once(socket, 'connect').catch(() => {})
    return client
  }

  send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages.map((message) => frame(message))))
  }

  /** The next message; null when the other side has ended the connection. */
  async next(): Promise<Buffer | null> {
    for (;;) {
      const came = this.#came.shift()
      if (came) return came
      if (this.#ended) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async ask(message: Buffer): Promise<Buffer | null> {
    this.send(message)
    return this.next()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.destroyed) return
    this.socket.destroy()
    await once(this.socket, 'close')
  }
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(2)
}
