/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin */
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { DnsClients } from '../enforce/dns-clients.ts'
import { LearnedAddresses } from '../enforce/learn.ts'
import type { EnforceMapIds } from '../enforce/maps.ts'
import { messageOf } from '../errors.ts'
import { bootTime } from './boot-clock.ts'
import type { ClientLookup, DnsQueryRecord, Learner, NamePolicy } from './contract.ts'
import { grantsOf } from './decide.ts'
import type { DnsReply, DnsRequest, DnsWorkerData } from './messages.ts'
import { namePolicy } from './policy.ts'
import { LocalProxy } from './proxy.ts'
import { RecordRing } from './record-ring.ts'
import { parseServer } from './resolvers.ts'

/** How often what has expired is taken out of the kernel's map (it grants nothing any more before that). */
const SWEEP_MS = 60_000

/** Behind such a while without records nobody looks for them any more: shorter than that of packages/sensor/src/looks.ts. */
const QUIET_MS = 150

/** Before the kernel's maps are there nobody is known and nothing is learned. */
const nobody: ClientLookup = { find: () => null, fulfils: () => false }
const nothing: Learner = { learn: () => false, share: () => {}, has: () => false }

const { policy, resolvers, limits, ring } = workerData as DnsWorkerData
const parent = parentPort
if (!parent) throw new Error('the DNS proxy must be started as a worker thread: use startDnsProxy')

const records = new RecordRing(ring)
/** The agent was told that the ring is half full, and has not emptied it yet. */
let told = false
let faulty = false
/** When it last had records, as performance.now() tells it. */
let lastMs = -QUIET_MS

const proxy = await LocalProxy.open({
  policy: namePolicy(policy),
  clients: nobody,
  learner: nothing,
  resolvers: resolvers.map((text) => parseServer(text)).filter((server) => server !== null),
  limits,
  onRecords: post,
  onFault: tellFault,
})
let maps: { clients: DnsClients; learned: LearnedAddresses } | null = null
const sweeping = setInterval(() => proxy.relay.survive(() => maps?.learned.sweep()), SWEEP_MS)

/** Puts records where the agent looks for them many times a second; woken only by the first, and when they become many. */
function post(batch: DnsQueryRecord[]): void {
  for (const record of batch) if (!records.write(record)) proxy.relay.stats.recordsLost++
  const many = records.used > records.size / 2
  const now = performance.now()
  if ((many && !told) || now - lastMs > QUIET_MS) reply({ kind: 'records' })
  told = many
  lastMs = now
}

/** One is enough to know of: a job may bring about as many as it likes. */
function tellFault(error: unknown): void {
  if (!faulty) reply({ kind: 'fault', text: messageOf(error) })
  faulty = true
}

function useMaps(ids: EnforceMapIds): void {
  maps = { clients: DnsClients.open(ids), learned: LearnedAddresses.open(ids, bootTime) }
  proxy.relay.replaceMaps(maps.clients, maps.learned)
}

/** From the next query on; what was learned grants what the new policy allows its names. */
function replacePolicy(next: NamePolicy): void {
  proxy.relay.replacePolicy(next)
  maps?.learned.relearn((name, address) => grantsOf(next, name, address))
}

/** Turns of the event loop that are waited for messages that have come and were not read yet. */
const MAX_TURNS = 1000

/** Resolves when a turn of the event loop has brought nothing new. */
async function quiet(): Promise<void> {
  const { stats } = proxy.relay
  let before = -1
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const now = stats.queries + stats.malformed + stats.unknownClients
    if (now === before) return
    before = now
    // The second begins after a whole turn in which sockets were read.
    await setImmediate()
    await setImmediate()
  }
}

/** Ends the proxy. What a job asked in its last moment is on record, answered or not. */
async function close(): Promise<void> {
  await quiet()
  clearInterval(sweeping)
  proxy.close()
  proxy.relay.replaceMaps(nobody, nothing)
  maps?.clients.close()
  maps?.learned.close()
  maps = null
}

async function perform(request: DnsRequest): Promise<void> {
  if (request.kind === 'maps') useMaps(request.ids)
  else if (request.kind === 'policy') replacePolicy(namePolicy(request.policy))
  else if (request.kind === 'serve') await proxy.serve(request.sockets)
  else if (request.kind === 'leave') proxy.leave(request.namespace)
  else if (request.kind === 'close') await close()
}

function reply(message: DnsReply): void {
  parent?.postMessage(message)
}

async function answer(request: DnsRequest): Promise<void> {
  const { number } = request
  try {
    await perform(request)
    reply({ kind: 'done', number, stats: proxy.stats() })
  } catch (error) {
    const reason = error instanceof Error ? error : new Error(String(error))
    reply({ kind: 'failed', number, error: reason })
  }
}

parent.on('message', (request: DnsRequest) => void answer(request))
reply({ kind: 'ready', ports: proxy.ports })
