import { join } from 'node:path'
import type { Hook } from '@runwarden/events'
import { type BpfMap, type BpfObject, destroyTcpSocket } from '@runwarden/libbpf'
import type { CompiledPolicy } from '@runwarden/policy'
import type { ConnectFields } from '@runwarden/sensor/connect'
import { grantsOf } from '../dns/decide.ts'
import { namePolicy } from '../dns/policy.ts'
import { AttemptCounts, type CountedAttempts } from './attempts.ts'
import type { EnforcerOptions } from './enforcer-options.ts'
import { exemptCgroups, ExemptProcesses } from './exempt.ts'
import { flowRules } from './flow-rules.ts'
import { type Flow, FlowTable } from './flows.ts'
import { endUngranted, writeHttps } from './https-state.ts'
import { LearnedAddresses } from './learn.ts'
import { NarrowingMaps } from './narrowings.ts'
import { PINNED_MAPS, type SHARED_WITH_TLS } from './map-names.ts'
import { decodeName, encodeNameKey, type EnforceMapIds } from './maps.ts'
import {
  defaultObjectDir,
  httpsMaps,
  type OpenPrograms,
  openPrograms,
  refused,
} from './open-programs.ts'
import type { Pins } from './pins.ts'
import { ProcessFits } from './process-fits.ts'
import { ScopePrograms } from './scope-programs.ts'
import { CANARY_ENTRY, checkDenial } from './self-check.ts'
import { PolicySlots } from './slots.ts'

/** Egress enforcement of one scope, as long as it is open (or pinned). */
export class Enforcer implements Disposable {
  /** Ids by which the DNS thread opens its maps. */
  readonly maps: EnforceMapIds
  readonly #object: BpfObject
  readonly #globals: Readonly<Record<string, number | bigint>>
  readonly #reused: EnforcerOptions['reuse']
  readonly #attached: ScopePrograms
  readonly #slots: PolicySlots
  readonly #narrowings: NarrowingMaps
  readonly #fits: ProcessFits | null
  readonly #attempts: AttemptCounts
  readonly #flows: FlowTable
  readonly #pins: Pins | undefined
  readonly #scopeCgroup: string
  readonly #canaries = new Set<string>()
  #exempts: ExemptProcesses | undefined
  #exemptCgroups: readonly string[] = []

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
    this.#narrowings = new NarrowingMaps(object, options.step ?? '')
    const fits = options.reuse['process_fits']
    this.#fits = fits === undefined ? null : new ProcessFits(fits)
    this.#attempts = new AttemptCounts(
      [object.map('attempts_0'), object.map('attempts_1')],
      object.map('attempts_made'),
      object.map('epoch'),
    )
    this.#flows = new FlowTable({
      flows: object.map('flows'),
      renewed_flows: object.map('renewed_flows'),
    })
    this.maps = {
      learned: object.map('learned').id,
      names: object.map('names').id,
      nameIds: object.map('name_ids').id,
      led: object.map('led').id,
      dnsClients: object.map('dns_client').id,
      processFits: fits?.id ?? null,
    }
    this.#pins = pins
    this.#attached = new ScopePrograms(object, options.scopeCgroup, pins)
    try {
      this.#exempt(options)
      this.#relearn(options.compiled)
      this.replacePolicy(options.compiled)
      this.#attached.attach(options.socketCalls)
      this.#exempts?.begin()
      this.#pin()
    } catch (error) {
      if (this.adopted) this.release()
      else this.close()
      throw error
    }
  }

  /** Folder in which its maps are pinned; null: they are not. */
  get pinnedMaps(): string | null {
    return this.#pins?.mapFolder ?? null
  }

  /** What an earlier agent enforced was taken over. */
  get adopted(): boolean {
    return this.#attached.adopted
  }

  get hooks(): Hook[] {
    return this.#attached.hooks
  }

  /** Path of the scope's cgroup. */
  get cgroup(): string {
    return this.#scopeCgroup
  }

  #exempt({ exempt, objectDir = defaultObjectDir, pinDir }: EnforcerOptions): void {
    this.#exemptCgroups = exempt?.cgroups ?? []
    this.refindExempt()
    if (exempt === undefined) return
    if (exempt.programs.length === 0 && (exempt.processes ?? []).length === 0) return
    this.#exempts = ExemptProcesses.follow(
      objectDir,
      exempt,
      {
        exempt_processes: this.#object.map('exempt_processes'),
        exempt_sockets: this.#object.map('exempt_sockets'),
      },
      pinDir === undefined ? undefined : join(pinDir, 'exempt'),
    )
  }

  /** The processes that are exempt. */
  get exemptProcesses(): BpfMap {
    return this.#object.map('exempt_processes')
  }

  /** Exempt cgroups and programs are found anew: others may have taken their place. What is not there is not exempt. */
  refindExempt(): void {
    exemptCgroups(this.#object.map('exempt_cgroups'), this.#exemptCgroups)
    this.#exempts?.reload()
  }

  /** Maps by their names, and variables, for another object that decides as this one does. */
  share(names: readonly string[]): {
    maps: Record<string, BpfMap>
    globals: Readonly<Record<string, number | bigint>>
  } {
    const own = names.map((name): [string, BpfMap] => [name, this.#object.map(name)])
    return { maps: { ...Object.fromEntries(own), ...this.#reused }, globals: this.#globals }
  }

  /** Maps of HTTPS rules, for whoever decides about requests. */
  httpsMaps(): Record<(typeof SHARED_WITH_TLS)[number], BpfMap> {
    return httpsMaps(this.#object)
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
    if (record.said !== null && record.verdict !== 'would-block' && record.verdict !== 'allowed') {
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
    this.preparePolicy(compiled)()
  }

  /** Writes a policy to where the kernel does not look yet. @returns what puts it in force */
  preparePolicy(compiled: CompiledPolicy): () => void {
    this.#narrowings.prepare(compiled.narrowings)
    const generation = this.#slots.write(compiled)
    writeHttps(this.#object.map('https_state'), generation, compiled)
    return () => {
      const rule = flowRules(compiled, (id) => this.name(id), this.#fits)
      // Before, so that no live flow is cut in between; and after, for those that began meanwhile.
      const renewNewer = this.#flows.renew(generation, rule)
      this.#slots.enact(generation)
      renewNewer()
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
    return this.#flows.take()
  }

  /**
   * Attaches anew what somebody else has detached, puts our programs back in their links, and pins what has lost its
   * name.
   * @returns the programs that were detached
   */
  repair(): string[] {
    const attached = this.#attached.repair()
    this.#pin()
    return attached
  }

  #pin(): void {
    const maps = new Map(PINNED_MAPS.map((name) => [name, this.#object.map(name)]))
    this.#attached.pin(maps)
  }

  /** @param family a program and its children, as a struct https_key: ends their connections that have bytes which were not granted */
  endUngranted(family: Buffer): void {
    endUngranted(this.#object, family)
  }

  /** Lets go of it: what is pinned stays in force. */
  release(): void {
    this.#attached.release()
    this.#exempts?.close()
    this.#object.close()
  }

  /** Ends the enforcement. */
  close(): void {
    try {
      endUngranted(this.#object)
    } finally {
      this.#attached.detach()
    }
    this.#exempts?.close()
    this.#pins?.remove()
    this.#object.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Enforces a policy on a cgroup: when this returns, nothing of it leaves but what policy allows.
 * @param programs by openPrograms() with the same options
 * @throws EnforceError what failed and what to do; then nothing is enforced
 */
export function openEnforcer(
  options: EnforcerOptions,
  { object, globals, pins }: OpenPrograms = openPrograms(options),
): Enforcer {
  try {
    object.load()
  } catch (cause) {
    object.close()
    throw refused(cause)
  }
  return new Enforcer(object, options, pins, globals)
}
