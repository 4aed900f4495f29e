import { type Answer, readAnswer } from './answer.ts'
import { RCODE, rcodeName, typeName } from './codes.ts'
import type {
  ClientLookup,
  DnsClient,
  DnsLimits,
  DnsQueryRecord,
  DnsServer,
  DnsStats,
  Exchange,
  Learner,
  NamePolicy,
  Outcome,
  Upstream,
} from './contract.ts'
import { type Decision, decideAnswer, decideQuery } from './decide.ts'
import { MalformedMessage } from './name.ts'
import { type Query, receiveQuery } from './query.ts'
import { clientsAnswer, writeLocalReply, writeReply } from './reply.ts'
import { Servers } from './servers.ts'

/** What the relay is given. */
export interface RelayParts {
  policy: NamePolicy
  clients: ClientLookup
  learner: Learner
  /** Resolvers of this machine, as they were when the run began. */
  resolvers: readonly DnsServer[]
  /** What the machine's interfaces have now; default: as the system tells it. */
  addressesOfMachine?: () => ReadonlySet<string>
  limits: DnsLimits
  /** Told of queries before their answers are sent, so that a connect never comes before its name. */
  onRecords: (records: DnsQueryRecord[]) => void
  /** A fault of our own, which has cost one query its answer. */
  onFault: (error: unknown) => void
}

/** Where a query came from. */
export interface Asker {
  client: DnsClient
  protocol: 'udp' | 'tcp'
  upstream: Upstream
  /** Asks from the client's own network namespace, where that is not the proxy's. */
  nearby: Upstream | null
  /** Same for a repetition of the same query; null where there are none. */
  key: string | null
  send: (message: Buffer) => void
}

const OWN_FAULT = 'a fault of the DNS proxy'

interface Pending {
  asker: Asker
  query: Query
  decision: Decision
  /** By which it is decided. */
  policy: NamePolicy
  time: number
}

/**
 * The heart of the proxy: decides each query, has it forwarded or answers it, learns the addresses
 * of allowed names, and records all of it. Answers leave at the end of the turn of the event loop,
 * after their addresses are in the kernel's map and their records are on their way to the agent.
 */
export class Relay {
  readonly stats: DnsStats = {
    queries: 0,
    forwarded: 0,
    refused: 0,
    failed: 0,
    unknownClients: 0,
    malformed: 0,
    unsolicited: 0,
    learned: 0,
    notLearned: 0,
    recordsLost: 0,
    inFlight: 0,
  }
  readonly #parts: RelayParts
  readonly #servers: Servers
  readonly #underWay = new Map<string, Exchange>()
  #records: DnsQueryRecord[] = []
  #outbox: (() => void)[] = []
  #flushing = false

  constructor(parts: RelayParts) {
    this.#parts = { ...parts }
    this.#servers = new Servers(parts.resolvers, parts.addressesOfMachine)
  }

  get limits(): DnsLimits {
    return this.#parts.limits
  }

  replacePolicy(policy: NamePolicy): void {
    this.#parts.policy = policy
  }

  replaceMaps(clients: ClientLookup, learner: Learner): void {
    this.#parts.clients = clients
    this.#parts.learner = learner
  }

  /** Who sends from there; null (and counted) when it is nobody whom the proxy answers. */
  find(protocol: 'udp' | 'tcp', host: string, port: number, netns: number): DnsClient | null {
    let client: DnsClient | null = null
    this.survive(() => {
      client = this.#parts.clients.find(protocol, host, port, netns)
    })
    if (!client) this.stats.unknownClients++
    return client
  }

  /**
   * Does what may fail by a fault of our own: names must go on to resolve for everybody else, whatever one client or
   * server has sent.
   * @param otherwise is done where it has failed
   */
  survive(what: () => void, otherwise = (): void => {}): void {
    try {
      what()
    } catch (error) {
      this.#parts.onFault(error)
      otherwise()
    }
  }

  /** Takes one message of a client. False when it was no query and gets no answer. */
  receive(message: Buffer, asker: Asker): boolean {
    const received = receiveQuery(message)
    if (received.kind === 'drop') {
      this.stats.malformed++
      return false
    }
    this.stats.queries++
    const { query } = received
    if (received.kind === 'reply') {
      this.#refuseForm(query, received.rcode, asker)
      return true
    }
    const pending = this.#pending(query, asker, this.#notAllowed('not decided'))
    this.survive(
      () => this.#take(pending),
      () => this.#fail(pending, OWN_FAULT),
    )
    return true
  }

  #take(pending: Pending): void {
    const { asker, query } = pending
    const key = asker.key === null ? null : `${asker.key} ${query.id} ${query.type} ${query.name}`
    const same = key === null ? undefined : this.#underWay.get(key)
    if (same) {
      same.again()
      return
    }
    const decision = this.#decide(query, asker)
    pending.decision = decision
    if (decision.act === 'refuse') this.#refuse(pending, null)
    else if (decision.act === 'local')
      this.#finish(pending, RCODE.NOERROR, null, writeLocalReply(query, decision.data))
    else if (decision.act === 'no-such-name')
      this.#finish(pending, RCODE.NXDOMAIN, null, writeReply(query, RCODE.NXDOMAIN))
    else if (this.stats.inFlight >= this.limits.inFlight)
      this.#fail(pending, 'too many queries under way')
    else this.#forward(pending, key)
  }

  #decide(query: Query, asker: Asker): Decision {
    const { policy, learner, clients } = this.#parts
    return decideQuery(policy, query, asker.client, {
      standing: ({ server }) => this.#servers.standing(policy, server, asker.protocol),
      learned: (address) => learner.has(address),
      fulfils: (process, narrowing) => clients.fulfils(process, narrowing),
    })
  }

  #pending(query: Query, asker: Asker, decision: Decision): Pending {
    const time = performance.timeOrigin + performance.now()
    return { asker, query, decision, policy: this.#parts.policy, time }
  }

  #forward(pending: Pending, key: string | null): void {
    const { asker, query, decision } = pending
    const redirected = decision.act === 'redirect'
    const server = redirected ? this.#servers.standIn() : this.#servers.exact(asker.client.server)
    if (server === null) {
      this.#fail(pending, 'this machine has no resolver')
      return
    }
    this.stats.inFlight++
    this.stats.forwarded++
    let over = false
    const done = (outcome: Outcome): void => {
      if (over) return
      over = true
      this.stats.inFlight--
      if (key !== null) this.#underWay.delete(key)
      if (redirected && 'failure' in outcome) this.#servers.failed(server)
      this.survive(
        () => this.#settle(pending, outcome),
        () => this.#fail(pending, OWN_FAULT),
      )
    }
    this.survive(
      () => {
        const exchange = this.#upstreamFor(pending).ask(query, server, done)
        if (key !== null && !over) this.#underWay.set(key, exchange)
      },
      () => done({ failure: OWN_FAULT }),
    )
  }

  /**
   * A server that nobody vouches for is asked as the client would have asked it: a container's own is reached
   * from its namespace only, and knows it by its address. What a trusted one says opens addresses: it is asked
   * from here, where no job can stand in for it.
   */
  #upstreamFor({ asker, decision, policy }: Pending): Upstream {
    const { client, protocol, nearby, upstream } = asker
    if (nearby === null || decision.act !== 'forward') return upstream
    const trusted = this.#servers.standing(policy, client.server, protocol) === 'trusted'
    return trusted ? upstream : nearby
  }

  #settle(pending: Pending, outcome: Outcome): void {
    if ('failure' in outcome) {
      this.#fail(pending, outcome.failure)
      return
    }
    const { query } = pending
    let answer: Answer
    let message: Buffer
    try {
      answer = readAnswer(outcome.answer, query)
      message = clientsAnswer(outcome.answer, answer, query, pending.asker.protocol)
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error
      this.#fail(pending, `malformed answer: ${error.message}`)
      return
    }
    const { policy, learner, limits } = this.#parts
    // Another policy came meanwhile: its rules have other numbers, and it may not allow the name.
    if (pending.policy !== policy) {
      const { act } = pending.decision
      pending.decision = this.#decide(query, pending.asker)
      if (pending.decision.act !== act && pending.decision.act !== 'refuse') {
        this.#fail(pending, 'the policy has changed, and another server is to be asked')
        return
      }
    }
    const { decision, learn } = decideAnswer(policy, pending.decision, answer)
    pending.decision = decision
    if (decision.act === 'refuse') {
      this.#refuse(pending, answer)
      return
    }
    if (decision.grants.length === 0)
      for (const { address } of answer.addresses) learner.share(address, limits.grantAtMost)
    for (const { address, text, ttl, grants } of learn) {
      const bounded = Math.min(Math.max(ttl, limits.grantAtLeast), limits.grantAtMost)
      if (learner.learn(query.name, address, bounded, grants, answer.aliases)) this.stats.learned++
      else {
        this.stats.notLearned++
        const reason = `${decision.reason}; no room to learn ${text}: connections to it are denied`
        pending.decision = { ...decision, reason }
      }
    }
    this.#finish(pending, answer.rcode, answer, message)
  }

  #refuse(pending: Pending, answer: Answer | null): void {
    this.stats.refused++
    const { query, decision } = pending
    this.#finish(
      pending,
      RCODE.REFUSED,
      answer,
      writeReply(query, RCODE.REFUSED, `Runwarden: ${decision.reason}`),
    )
  }

  #fail(pending: Pending, failure: string): void {
    this.stats.failed++
    pending.decision = {
      ...pending.decision,
      reason: `${pending.decision.reason}; no answer: ${failure}`,
    }
    this.#finish(pending, RCODE.SERVFAIL, null, writeReply(pending.query, RCODE.SERVFAIL))
  }

  /** A message that is no proper query: answered with the error that it deserves, and never forwarded. */
  #refuseForm(query: Query, rcode: number, asker: Asker): void {
    this.stats.malformed++
    const reason = `not a query that a resolver's client sends (${rcodeName(rcode)})`
    const pending = this.#pending(query, asker, this.#notAllowed(reason))
    this.#finish(pending, rcode, null, writeReply(query, rcode))
  }

  #notAllowed(reason: string): Decision {
    const verdict = this.#parts.policy.egress === 'block' ? 'blocked' : 'would-block'
    return { verdict, reason, rule: null, act: 'refuse', data: null, grants: [] }
  }

  #finish(pending: Pending, rcode: number, answer: Answer | null, message: Buffer): void {
    const { asker, query, decision, time } = pending
    const { server, process } = asker.client
    this.#records.push({
      time,
      process,
      name: query.name,
      type: typeName(query.type),
      server: server.host,
      serverPort: server.port,
      protocol: asker.protocol,
      verdict: decision.verdict,
      reason: decision.reason,
      rule: decision.rule,
      rcode: rcodeName(rcode),
      addresses: answer?.addresses.map((each) => each.text) ?? [],
      cnames: answer?.aliases ?? [],
    })
    this.#outbox.push(() => asker.send(message))
    if (this.#flushing) return
    this.#flushing = true
    setImmediate(() => this.flush())
  }

  /** Tells the records and sends the answers that wait for the end of the turn. */
  flush(): void {
    this.#flushing = false
    const records = this.#records
    const outbox = this.#outbox
    this.#records = []
    this.#outbox = []
    this.survive(
      () => {
        if (records.length > 0) this.#parts.onRecords(records)
      },
      () => (this.stats.recordsLost += records.length),
    )
    for (const send of outbox) this.survive(send)
  }
}
