import { constants } from 'node:os'
import { join } from 'node:path'
import type { Hook } from '@runwarden/events'
import {
  BpfError,
  type BpfMap,
  type BpfObject,
  destroyTcpSocket,
  type Link,
  openObject,
} from '@runwarden/libbpf'
import { type CompiledPolicy, decide } from '@runwarden/policy'
import { type ScopeIdentity, scopeIdentity } from '@runwarden/sensor'
import type { ConnectFields } from '@runwarden/sensor/connect'
import { grantsOf } from '../dns/decide.ts'
import { namePolicy } from '../dns/policy.ts'
import { AttemptCounts, type CountedAttempts } from './attempts.ts'
import { EnforceError } from './error.ts'
import { exemptCgroups, exemptGlobals, type Exemptions, ExemptPrograms } from './exempt.ts'
import { type Flow, renewFlows, takeFlows } from './flows.ts'
import { LearnedAddresses } from './learn.ts'
import { decodeName, encodeNameKey, type EnforceMapIds, IPPROTO_TCP, IPPROTO_UDP } from './maps.ts'
import { Pins } from './pins.ts'
import { CANARY_ENTRY, checkDenial } from './self-check.ts'
import { hashSizes, PolicySlots } from './slots.ts'
import { versionOf } from './version.ts'

export interface EnforcerOptions {
  /** Folder of the BPF objects for this processor. */
  objectDir?: string
  /** Directory of the scope's cgroup (v2). */
  scopeCgroup: string
  /** The rings of the sensor, and its count of losses. */
  reuse: { urgent: BpfMap; bulk: BpfMap; lost: BpfMap }
  /** The sensor's map for a program that looks at socket(); without it the program gets a hook of its own. */
  socketCalls?: BpfMap | null
  compiled: CompiledPolicy
  /** Where the DNS proxy listens on 127.0.0.1 and ::1; null: port 53 of that family is like any other. */
  proxy: { port4: number | null; port6: number | null }
  /** Who the policy does not hold for; without it, it holds for everybody in the scope. */
  exempt?: Exemptions | undefined
  /** Id of the agent's own cgroup, where it is in the scope. */
  agentCgroup?: bigint | undefined
  /** Cookie of the network namespace that the proxy is in; without it all namespaces count as one. */
  netns?: bigint
  /** The machine's resolver is on the machine itself: the scope may not bind its port. */
  localResolver?: boolean
  /**
   * A folder in a bpffs. Without it enforcement ends with this process. What an earlier agent pinned there is taken over:
   * the policy takes effect on it without an instant in which none is in force.
   */
  pinDir?: string
}

/** Programs on the cgroup, in the order in which they are attached: what denies comes first. */
const PROGRAMS = [
  'egress',
  'sock_create',
  'connect4',
  'connect6',
  'sendmsg4',
  'sendmsg6',
  'recvmsg4',
  'recvmsg6',
  'getpeername4',
  'getpeername6',
  'post_bind4',
  'post_bind6',
] as const

/** Tells sockets of other families. Enforcement stands without it. */
const FAMILIES = 'socket_family'

const PINNED_MAPS = [
  'policy_state',
  'policies',
  'grant_hosts_0',
  'grant_hosts_1',
  'grants_0',
  'grants_1',
  'single_ports_0',
  'single_ports_1',
  'grant_ports_0',
  'grant_ports_1',
  'blocked_hosts_0',
  'blocked_hosts_1',
  'blocked_0',
  'blocked_1',
  'blocked_names_0',
  'blocked_names_1',
  'learned',
  'names',
  'name_ids',
  'led',
  'dns_client',
  'flows',
  'sockets',
  'exempt_cgroups',
  'exempt_processes',
  'exempt_sockets',
] as const

const defaultObjectDir = join(import.meta.dirname, '../../../../bpf/build', process.arch)

/** Egress enforcement of one scope, as long as it is open (or pinned). */
export class Enforcer implements Disposable {
  /** Ids by which the DNS thread opens its maps. */
  readonly maps: EnforceMapIds
  readonly hooks: Hook[]
  readonly #object: BpfObject
  readonly #globals: Readonly<Record<string, number | bigint>>
  readonly #reused: EnforcerOptions['reuse']
  readonly #links = new Map<string, Link>()
  readonly #slots: PolicySlots
  readonly #attempts: AttemptCounts
  readonly #pins: Pins | undefined
  readonly #scopeCgroup: string
  readonly #canaries = new Set<string>()
  /** Programs and maps of an earlier agent are in force already. */
  #adopted = false
  #programs: ExemptPrograms | undefined

  /** @internal see openEnforcer */
  constructor(
    object: BpfObject,
    options: EnforcerOptions,
    pins: Pins | undefined,
    globals: Readonly<Record<string, number | bigint>>,
  ) {
    this.#globals = globals
    this.#reused = options.reuse
    this.#object = object
    this.#scopeCgroup = options.scopeCgroup
    this.#slots = new PolicySlots(object)
    this.#attempts = new AttemptCounts(
      [object.map('attempts_0'), object.map('attempts_1')],
      object.map('epoch'),
    )
    this.maps = {
      learned: object.map('learned').id,
      names: object.map('names').id,
      nameIds: object.map('name_ids').id,
      led: object.map('led').id,
      dnsClients: object.map('dns_client').id,
    }
    this.hooks = []
    this.#pins = pins
    try {
      this.#exempt(options)
      this.#relearn(options.compiled)
      this.replacePolicy(options.compiled)
      this.#attach(options.socketCalls)
      this.#pin()
    } catch (error) {
      if (this.#adopted) this.release()
      else this.close()
      throw error
    }
  }

  /** What an earlier agent enforced was taken over. */
  get adopted(): boolean {
    return this.#adopted
  }

  #exempt({ exempt, objectDir = defaultObjectDir, pinDir }: EnforcerOptions): void {
    exemptCgroups(this.#object.map('exempt_cgroups'), exempt?.cgroups ?? [])
    if (exempt === undefined || exempt.programs.length === 0) return
    this.#programs = ExemptPrograms.follow(
      objectDir,
      exempt.programs,
      this.#object.map('exempt_processes'),
      pinDir === undefined ? undefined : join(pinDir, 'exempt'),
    )
  }

  /** Exempt programs are found anew. @throws EnforceError when one is not there any more; it is not exempt then */
  refindExempt(): void {
    this.#programs?.reload()
  }

  /** Maps by their names, and variables, for another object that decides as this one does. */
  share(names: readonly string[]): {
    maps: Record<string, BpfMap>
    globals: Readonly<Record<string, number | bigint>>
  } {
    const own = names.map((name): [string, BpfMap] => [name, this.#object.map(name)])
    return { maps: { ...Object.fromEntries(own), ...this.#reused }, globals: this.#globals }
  }

  /** What was learned under an earlier agent's policy has the rules of this one. */
  #relearn(compiled: CompiledPolicy): void {
    const learned = new LearnedAddresses({
      learned: this.#object.map('learned'),
      names: this.#object.map('names'),
      nameIds: this.#object.map('name_ids'),
      led: this.#object.map('led'),
    })
    const policy = namePolicy(compiled)
    learned.relearn((name, address) => grantsOf(policy, name, address))
  }

  /** Takes over an earlier agent's link to a program, if there is one that still holds. */
  #adopt(program: string): Link | undefined {
    const link = this.#pins?.link(program)
    if (link === undefined) return undefined
    try {
      this.#object.replace(link, program)
      this.#adopted = true
      return link
    } catch (error) {
      link.close()
      // Somebody has detached it.
      if (!(error instanceof BpfError && error.errno === constants.errno.ENOLINK)) throw error
      this.#pins?.drop(program)
      return undefined
    }
  }

  #attach(socketCalls: BpfMap | null | undefined): void {
    for (const program of PROGRAMS) {
      try {
        this.#links.set(
          program,
          this.#adopt(program) ?? this.#object.attach(program, { cgroup: this.#scopeCgroup }),
        )
      } catch (cause) {
        throw new EnforceError(
          'ENFORCE_ATTACH',
          `cannot attach ${program} to ${this.#scopeCgroup}: ${messageOf(cause)}`,
          'Linux 6.1 with CONFIG_CGROUP_BPF is needed, and no other program on the cgroup that excludes ours',
          { cause },
        )
      }
      const name = program === 'egress' ? 'cgroup_skb/egress' : `cgroup/${program}`
      this.hooks.push({ name, tier: 'T0', state: 'active', reason: '' })
    }
    const hook = { name: 'tp_btf/sys_exit (socket families)', tier: 'T0' } as const
    try {
      if (socketCalls) this.#object.install(FAMILIES, socketCalls, 0)
      else this.#links.set(FAMILIES, this.#object.attach(FAMILIES))
      this.hooks.push({ ...hook, state: 'active', reason: '' })
    } catch (error) {
      this.hooks.push({ ...hook, state: 'refused', reason: messageOf(error) })
    }
  }

  /**
   * Shows that a denial is enforced and told, in audit mode too.
   * @param drain empties the rings; their connect records must come to sighted()
   * @throws EnforceError what failed
   */
  selfCheck(drain: () => void): void {
    checkDenial(this.#scopeCgroup, this.#slots.blocked, {
      drain,
      seen: (address) => this.#canaries.delete(Buffer.from(address).toString('hex')),
    })
  }

  /**
   * Takes a connect record. A connection that was refused for what it said is ended: its process would wait for an
   * answer to what never left. True: the record is the self-check's own, and no act of the job.
   */
  sighted(record: ConnectFields & { tgid: number }): boolean {
    if (record.said !== null && record.verdict !== 'would-block') {
      const { source, device } = record.said
      const { address: destination, port: destinationPort, cookie } = record
      destroyTcpSocket(record.tgid, {
        source: source.address,
        sourcePort: source.port,
        destination,
        destinationPort,
        device,
        cookie,
      })
    }
    if (record.verdict !== 'attack-blocked' || record.rule !== CANARY_ENTRY) return false
    this.#canaries.add(record.address.toString('hex'))
    return true
  }

  /**
   * Puts another policy in force: at every instant the one or the other is. Flows and learned
   * addresses that it does not allow end; those that it does live on. The DNS proxy must have the
   * new policy before.
   */
  replacePolicy(compiled: CompiledPolicy): void {
    const generation = this.#slots.write(compiled)
    const rule = this.#rules(compiled)
    // Before, so that no live flow is cut in between; and after, for those that began meanwhile.
    renewFlows(this.#object.map('flows'), generation, rule)
    this.#slots.enact(generation)
    renewFlows(this.#object.map('flows'), generation, rule)
  }

  /** Tells which rule of a policy allows a flow; null: none does. Flows alike are decided once. */
  #rules(compiled: CompiledPolicy): (flow: Flow) => number | null {
    const indexes = new Map(
      compiled.rules.map(({ where, text }, index) => [`${where} ${text}`, index]),
    )
    const known = new Map<string, number | null>()
    return (flow) => {
      const alike = `${flow.name} ${flow.address.toString('latin1')} ${flow.port} ${flow.protocol}`
      const before = known.get(alike)
      if (before !== undefined) return before
      const protocol =
        flow.protocol === IPPROTO_TCP ? 'tcp' : flow.protocol === IPPROTO_UDP ? 'udp' : 'other'
      const host = this.name(flow.name)
      const { verdict, rule } = decide(compiled, {
        host,
        address: flow.address,
        port: flow.port,
        protocol,
      })
      const index = verdict === 'allowed' && rule !== null ? (indexes.get(rule) ?? null) : null
      known.set(alike, index)
      return index
    }
  }

  /** A learned name by its id; null: there is none. */
  name(id: number): string | null {
    const value = id === 0 ? undefined : this.#object.map('names').get(encodeNameKey(id))
    return value === undefined ? null : decodeName(value)
  }

  /**
   * Attempts beyond those that records told: with the records' they are all. Call it every second
   * or so; each call returns the counts of the interval before the last call.
   * @param last nothing of the scope runs any more: return all
   */
  attempts(last = false): CountedAttempts[] {
    return last ? this.#attempts.last() : this.#attempts.next()
  }

  /**
   * Takes the flows out of the kernel, those of a process to one place as one. A flow that is
   * still alive when its name's time has run out is refused then: call it at the end.
   */
  flows(): Flow[] {
    return takeFlows(this.#object.map('flows'))
  }

  /**
   * Attaches anew what somebody else has detached, puts our programs back in their links, and pins what has lost its
   * name.
   * @returns the programs that were detached
   */
  repair(): string[] {
    const attached: string[] = []
    for (const [program, link] of this.#links) {
      if (program === FAMILIES) continue
      try {
        this.#object.replace(link, program)
      } catch (error) {
        if (!(error instanceof BpfError && error.errno === constants.errno.ENOLINK)) throw error
        this.#links.set(program, this.#object.attach(program, { cgroup: this.#scopeCgroup }))
        link.close()
        this.#pins?.drop(program)
        attached.push(program)
      }
    }
    this.#pin()
    return attached
  }

  #pin(): void {
    const maps = new Map(PINNED_MAPS.map((name) => [name, this.#object.map(name)]))
    this.#pins?.pin(this.#links, maps)
  }

  /** Lets go of it: what is pinned stays in force. */
  release(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
    this.#programs?.close()
    this.#object.close()
  }

  /** Ends the enforcement. */
  close(): void {
    for (const [program, link] of this.#links) {
      if (program !== FAMILIES) link.detach()
      link.close()
    }
    this.#links.clear()
    this.#programs?.close()
    this.#pins?.remove()
    this.#object.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Enforces a policy on a cgroup: when this returns, nothing of it leaves but what policy allows.
 * @throws EnforceError what failed and what to do; then nothing is enforced
 */
export function openEnforcer(options: EnforcerOptions): Enforcer {
  const scope = identify(options.scopeCgroup)
  const globals = {
    proxy_port4: options.proxy.port4 ?? 0,
    proxy_port6: options.proxy.port6 ?? 0,
    proxy_netns: options.netns ?? 0n,
    local_resolver: Number(options.localResolver ?? false),
    scope_cgid: scope.id,
    scope_level: scope.level,
    agent_cgid: options.agentCgroup ?? 0n,
    ...exemptGlobals(options.exempt),
  }
  const file = join(options.objectDir ?? defaultObjectDir, 'enforce.bpf.o')
  let pins: Pins | undefined
  let object: BpfObject | undefined
  let kept: Record<string, BpfMap> = {}
  try {
    pins = options.pinDir === undefined ? undefined : new Pins(options.pinDir, versionOf(file))
    kept = pins?.maps(PINNED_MAPS) ?? {}
    object = openObject(file, {
      reuse: { ...options.reuse, ...kept },
      maxEntries: Object.fromEntries(
        Object.entries(hashSizes(options.compiled)).filter(([name]) => !(name in kept)),
      ),
      globals,
    })
    object.load()
  } catch (cause) {
    object?.close()
    throw new EnforceError(
      'ENFORCE_LOAD',
      `the kernel does not take the enforcement programs: ${messageOf(cause)}`,
      'Linux 6.1 or newer with BTF is needed, and root; see `runwarden doctor`',
      { cause },
    )
  } finally {
    for (const map of Object.values(kept)) map.close()
  }
  return new Enforcer(object, options, pins, globals)
}

function identify(scopeCgroup: string): ScopeIdentity {
  try {
    return scopeIdentity(scopeCgroup)
  } catch (cause) {
    throw new EnforceError(
      'ENFORCE_SCOPE',
      `policy can't be enforced on ${scopeCgroup}: ${messageOf(cause)}`,
      'name the directory of a cgroup in the cgroup v2 hierarchy',
      { cause },
    )
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
