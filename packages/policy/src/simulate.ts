import type { CompiledPolicy } from './compile.ts'
import { readAddress } from './address.ts'
import { covers, decide, decideName, matchAddress, matchName } from './decide.ts'
import type { Actor, Decision } from './decide.ts'
import { decideRequest, hostWithPort, splitHost } from './https.ts'

/** What simulate needs of a recorded connection attempt; `net.connect` events fit. */
export interface RecordedConnect {
  /** Its process, whose program was told by its `process.exec` before. */
  readonly execId?: string | null
  readonly step?: string
  readonly kind: 'net.connect'
  readonly host: string | null
  readonly address: string
  readonly port: number
  readonly protocol: string
  readonly verdict: string
  readonly rule: string | null
  readonly count: number
}

/** What simulate needs of a recorded DNS question; `dns.query` events fit. */
export interface RecordedQuery {
  readonly execId?: string | null
  readonly step?: string
  readonly kind: 'dns.query'
  readonly name: string
  readonly verdict: string
}

/** What simulate needs of a recorded request; `http.request` events fit. */
export interface RecordedRequest {
  readonly execId?: string | null
  readonly step?: string
  readonly kind: 'http.request'
  readonly scheme: string
  readonly method: string
  readonly host: string
  /** Without query. */
  readonly path: string
  readonly verdict: string
}

/** Which program a process runs from then on; `process.exec` events fit. */
interface RecordedExec {
  readonly kind: 'process.exec'
  readonly execId: string
  readonly exe: string
}

export type RecordedEvent =
  | RecordedConnect
  | RecordedExec
  | RecordedQuery
  | RecordedRequest
  | { readonly kind: string }

export interface SimulatedDestination {
  readonly host: string | null
  readonly address: string
  readonly port: number
  readonly protocol: string
  /** The verdict that was recorded. */
  readonly was: string
  /** The verdict that this policy gives. */
  readonly now: Decision['verdict']
  readonly reason: string
  readonly rule: string | null
  count: number
}

export interface SimulatedName {
  readonly name: string
  readonly was: string
  readonly now: Decision['verdict']
  readonly reason: string
  readonly rule: string | null
  count: number
}

/** A request to a host that has HTTPS rules under this policy. */
export interface SimulatedRequest {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly was: string
  readonly now: Decision['verdict']
  readonly reason: string
  readonly rule: string | null
  count: number
}

/** Everything that was recorded, decided again; what is refused comes first. */
export interface Simulation {
  readonly destinations: readonly SimulatedDestination[]
  readonly names: readonly SimulatedName[]
  readonly requests: readonly SimulatedRequest[]
  /** Hosts, with a port other than 443, that have HTTPS rules, were reached, and of which no request was read: what these rules would do is not known. */
  readonly unread: readonly string[]
  /** Hosts with a port that the policy allows by their name, and which the run's own policy did not: whether their connections ask for that name (SNI, HTTP Host) was not looked at. */
  readonly unasked: readonly string[]
  /** Attempts, questions and requests that were looked at. */
  readonly events: number
  /** Of these, how many the policy would refuse. */
  readonly refused: number
}

/**
 * Decides recorded events again under another policy: what would have been blocked. Under a policy
 * in audit mode that is `would-block`.
 */
export function simulate(compiled: CompiledPolicy, events: Iterable<RecordedEvent>): Simulation {
  const destinations = new Map<string, SimulatedDestination>()
  const names = new Map<string, SimulatedName>()
  const requests = new Map<string, SimulatedRequest>()
  const reached = new Set<string>()
  const programs = new Map<string, string>()
  const actorOf = ({ execId, step }: RecordedConnect | RecordedQuery): Actor => ({
    exe: programs.get(execId ?? ''),
    step,
  })
  for (const event of events) {
    if (isExec(event)) programs.set(event.execId, event.exe)
    else if (isConnect(event)) {
      addConnect(compiled, destinations, event, actorOf(event))
      if (event.host !== null && isUnderHttps(compiled, event))
        reached.add(hostWithPort(event.host.toLowerCase(), event.port))
    } else if (isQuery(event)) addQuery(compiled, names, event, actorOf(event))
    else if (isRequest(event)) addRequest(compiled, requests, event)
  }
  const read = new Set(
    [...requests.values()].map(({ host }) => {
      const { name, port } = splitHost(host.toLowerCase())
      return hostWithPort(name, port)
    }),
  )
  const all = [...destinations.values(), ...names.values(), ...requests.values()]
  const unasked = [...destinations.values()]
    .filter(({ was, now }) => was !== 'allowed' && now === 'allowed')
    .filter((destination) => isHeldToName(compiled, destination))
    .map(({ host, port }) => `${host}:${port}`)
  return {
    destinations: refusedFirst(destinations),
    names: refusedFirst(names),
    requests: refusedFirst(requests),
    unread: [...reached].filter((host) => !read.has(host)).toSorted(),
    unasked: [...new Set(unasked)].toSorted(),
    events: sum(all),
    refused: sum(all.filter((entry) => entry.now !== 'allowed')),
  }
}

/** What tells those apart that a policy's narrowed lines could. */
function alike({ narrowings }: CompiledPolicy, { exe, step }: Actor): string {
  return narrowings.tag === 0 ? '' : `${exe ?? ''} ${step ?? ''}`
}

function isExec(event: RecordedEvent): event is RecordedExec {
  return event.kind === 'process.exec'
}

function isConnect(event: RecordedEvent): event is RecordedConnect {
  return event.kind === 'net.connect'
}

function isQuery(event: RecordedEvent): event is RecordedQuery {
  return event.kind === 'dns.query'
}

function isRequest(event: RecordedEvent): event is RecordedRequest {
  return event.kind === 'http.request'
}

function isUnderHttps(
  compiled: CompiledPolicy,
  { host, port, protocol }: Pick<RecordedConnect, 'host' | 'port' | 'protocol'>,
): boolean {
  const { grants } = matchName(compiled, host ?? '')
  const grant = grants.find((one) => covers(one, { port, protocol }))
  return grant !== undefined && grant.rule >= compiled.https.from
}

/** Whether a connection passes only if it asks for the name that led to its address; what is under HTTPS rules is told by these. */
function isHeldToName(compiled: CompiledPolicy, to: SimulatedDestination): boolean {
  if (to.host === null || to.protocol !== 'tcp' || isUnderHttps(compiled, to)) return false
  const address = readAddress(to.address)
  const own = address === null ? [] : matchAddress(compiled, address)
  const named = matchName(compiled, to.host).grants.filter((grant) => covers(grant, to))
  return !own.some((grant) => covers(grant, to)) && !named.some(({ unchecked }) => unchecked)
}

function addRequest(
  compiled: CompiledPolicy,
  into: Map<string, SimulatedRequest>,
  { scheme, method, host, path, verdict: was }: RecordedRequest,
): void {
  const decision = scheme === 'https' ? decideRequest(compiled, { method, host, path }) : null
  // Its host has no rules: that it is reached is decided by its name.
  if (decision === null) return
  const key = `${method} ${host} ${path} ${was}`
  const known = into.get(key)
  if (known !== undefined) {
    known.count++
    return
  }
  const { verdict: now, reason, rule } = decision
  into.set(key, { method, host, path, was, now, reason, rule, count: 1 })
}

function addConnect(
  compiled: CompiledPolicy,
  into: Map<string, SimulatedDestination>,
  event: RecordedConnect,
  by: Actor,
): void {
  const { host, address, port, protocol, verdict } = event
  const key = `${host ?? ''} ${address} ${port} ${protocol} ${verdict} ${alike(compiled, by)}`
  const known = into.get(key)
  if (known !== undefined) {
    known.count += event.count
    return
  }
  const { verdict: now, reason, rule } = decideConnect(compiled, event, by)
  into.set(key, {
    host,
    address,
    port,
    protocol,
    was: verdict,
    now,
    reason,
    rule,
    count: event.count,
  })
}

function decideConnect(compiled: CompiledPolicy, event: RecordedConnect, by: Actor): Decision {
  // The machine's own resolver is reached under every policy: what it is asked is decided by name.
  if (event.port === 53 && event.verdict === 'allowed' && event.rule === null) {
    return { verdict: 'allowed', reason: 'resolver of the machine', rule: null }
  }
  return decide(compiled, { ...event, ...by })
}

function addQuery(
  compiled: CompiledPolicy,
  into: Map<string, SimulatedName>,
  event: RecordedQuery,
  by: Actor,
): void {
  const { name, verdict } = event
  const key = `${name.toLowerCase()} ${verdict} ${alike(compiled, by)}`
  const known = into.get(key)
  if (known !== undefined) {
    known.count++
    return
  }
  const { verdict: now, reason, rule } = decideName(compiled, name, by)
  into.set(key, { name, was: verdict, now, reason, rule, count: 1 })
}

function refusedFirst<T extends { now: string; count: number }>(
  entries: ReadonlyMap<string, T>,
): T[] {
  return [...entries.values()].toSorted(
    (a, b) => Number(a.now === 'allowed') - Number(b.now === 'allowed') || b.count - a.count,
  )
}

function sum(entries: readonly { count: number }[]): number {
  return entries.reduce((total, { count }) => total + count, 0)
}
