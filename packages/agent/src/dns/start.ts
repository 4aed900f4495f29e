/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import type { CompiledPolicy } from '@runwarden/policy'
import { everyLook, keepLooking } from '@runwarden/sensor'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { EnforceMapIds } from '../enforce/maps.ts'
import { messageOf } from '../errors.ts'
import { threadEnvironment } from '../thread-environment.ts'
import { DEFAULT_LIMITS, type DnsLimits, type DnsQueryRecord, type DnsStats } from './contract.ts'
import type { DnsReply, DnsRequest, DnsWorkerData } from './messages.ts'
import type { OutpostSockets } from './outpost.ts'
import type { ProxyPorts } from './proxy.ts'
import { RecordRing } from './record-ring.ts'

/** Room for some 10,000 queries that the agent has not taken. */
const RING_BYTES = 4 << 20
/**
 * Room for objects that are gone a moment later, as those of a query are. V8 would take three times as much
 * under a flood of queries, and keep it.
 */
const YOUNG_MB = 16

/** The DNS thread could not start, or has ended by itself. Names are then no longer answered: fail closed. */
export class DnsProxyError extends Error {
  readonly code = 'DNS_PROXY'
}

export interface DnsProxyOptions {
  policy: CompiledPolicy
  /** The resolvers of this machine when the run began (readResolvers). */
  resolvers: readonly string[]
  /** Queries, at the latest LOOK_MS after they were answered (everyLook), or when drain() is called. */
  onQueries: (records: DnsQueryRecord[]) => void
  /** The thread has ended though nobody closed it. */
  onFailure: (error: DnsProxyError) => void
  /** A query was not answered, by a fault of the thread's own: told once. */
  onFault: (text: string) => void
  /** Records of answers have found no room, for the first time. */
  onLost: () => void
  limits?: Partial<DnsLimits>
  /** The thread's program, when it is not beside this file as `worker.ts` (or this file's extension). */
  worker?: URL
}

type Ask = DnsRequest extends infer R ? (R extends unknown ? Omit<R, 'number'> : never) : never

/** The DNS proxy, which runs in a thread of its own. Close it. */
export class DnsProxy {
  readonly ports: ProxyPorts
  readonly #worker: Worker
  readonly #ring: RecordRing
  readonly #endLooks: () => void
  readonly #options: DnsProxyOptions
  readonly #asked = new Map<number, PromiseWithResolvers<DnsStats>>()
  #number = 0
  #closing = false
  #gone: DnsProxyError | null = null
  #lost = false

  /** @internal see startDnsProxy */
  constructor(worker: Worker, ring: RecordRing, ports: ProxyPorts, options: DnsProxyOptions) {
    this.ports = ports
    this.#worker = worker
    this.#ring = ring
    this.#options = options
    this.#endLooks = everyLook(() => this.drain())
    worker.on('message', (reply: DnsReply) => this.#replied(reply))
    let reason = 'it ended'
    worker.on('error', (error) => {
      reason = messageOf(error)
    })
    worker.on('exit', () => {
      const failure = new DnsProxyError(
        `the DNS proxy is gone (${reason}): no name resolves any more; start the run again`,
      )
      for (const asked of this.#asked.values()) asked.reject(failure)
      this.#asked.clear()
      this.#endLooks()
      this.drain()
      this.#gone = failure
      if (!this.#closing) options.onFailure(failure)
    })
  }

  /** Lets it answer the processes of an enforcer's scope, and learn for it. Until then it answers nobody. */
  async useMaps(ids: EnforceMapIds): Promise<void> {
    await this.#ask({
      kind: 'maps',
      ids,
    })
  }

  /** Answers by sockets in another network namespace, too; they are its own from here on. */
  async serve(sockets: OutpostSockets): Promise<void> {
    await this.#ask({ kind: 'serve', sockets })
  }

  /** Ends that. @param namespace its descriptor, which stays open until then */
  async leave(namespace: number): Promise<void> {
    await this.#ask({ kind: 'leave', namespace })
  }

  /** Decides by another policy from the next query on. */
  async replacePolicy(policy: CompiledPolicy): Promise<void> {
    await this.#ask({ kind: 'policy', policy })
  }

  stats(): Promise<DnsStats> {
    return this.#ask({ kind: 'stats' })
  }

  /**
   * Takes the records that are there, now. A query's record is written before its answer is sent:
   * whoever drains before looking at a connection knows the name that led to it.
   */
  drain(): void {
    const records = this.#ring.take()
    if (!this.#lost && this.#ring.lost > 0) {
      this.#lost = true
      this.#options.onLost()
    }
    if (records.length === 0) return
    keepLooking()
    this.#options.onQueries(records)
  }

  /**
   * Ends the thread, after its last records were taken: also those of queries that nobody has
   * answered yet. Returns its counters; null when it was closed before or is gone.
   */
  async close(): Promise<DnsStats | null> {
    if (this.#closing) return null
    this.#closing = true
    const stats = await this.#ask({ kind: 'close' }).catch(() => null)
    this.drain()
    await this.#worker.terminate()
    return stats
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #ask(request: Ask): Promise<DnsStats> {
    if (this.#gone) return Promise.reject(this.#gone)
    const number = ++this.#number
    const asked = Promise.withResolvers<DnsStats>()
    this.#asked.set(number, asked)
    this.#worker.postMessage({ ...request, number })
    return asked.promise
  }

  #replied(reply: DnsReply): void {
    if (reply.kind === 'records') this.drain()
    if (reply.kind === 'fault') this.#options.onFault(reply.text)
    if (reply.kind !== 'done' && reply.kind !== 'failed') return
    const asked = this.#asked.get(reply.number)
    this.#asked.delete(reply.number)
    if (reply.kind === 'done') asked?.resolve(reply.stats)
    else asked?.reject(reply.error)
  }
}

/**
 * Starts the DNS proxy: its thread, and its sockets on 127.0.0.1 and ::1. Resolves when it listens;
 * throws DnsProxyError when it cannot. The enforcer needs its ports, and it the enforcer's maps (useMaps).
 */
export async function startDnsProxy(options: DnsProxyOptions): Promise<DnsProxy> {
  const ring = new RecordRing(RING_BYTES)
  const beside = new URL(`./worker${extname(new URL(import.meta.url).pathname)}`, import.meta.url)
  const data: DnsWorkerData = {
    policy: options.policy,
    resolvers: options.resolvers,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    ring: ring.memory,
  }
  const worker = new Worker(options.worker ?? beside, {
    workerData: data,
    name: 'runwarden-dns',
    env: threadEnvironment(),
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  })
  const listening = Promise.withResolvers<ProxyPorts>()
  const first = (reply: DnsReply): void => {
    if (reply.kind === 'ready') listening.resolve(reply.ports)
  }
  const ended = (): void => listening.reject(new Error('its thread ended'))
  worker.on('message', first)
  worker.on('error', listening.reject)
  worker.on('exit', ended)
  try {
    const ports = await listening.promise
    worker.off('message', first)
    worker.off('error', listening.reject)
    worker.off('exit', ended)
    return new DnsProxy(worker, ring, ports, options)
  } catch (error) {
    await worker.terminate()
    throw new DnsProxyError(`the DNS proxy cannot start: ${messageOf(error)}`, { cause: error })
  }
}
