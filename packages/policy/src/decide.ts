import { lookUpAddress } from './address-index.ts'
import { formatAddress, isLoopback, readAddress } from './address.ts'
import type { AddressGrant, CompiledPolicy, NameGrant } from './compile.ts'
import { underHttps } from './https.ts'
import { needsOwnLine } from './hint.ts'
import { fitsNarrowing } from './narrowing.ts'
import { lookUpName } from './name-index.ts'
import { specialRange } from './special-range.ts'

/** What was decided about one network act. These four words, nowhere others. */
export type Verdict = 'allowed' | 'blocked' | 'would-block' | 'attack-blocked'

export interface Decision {
  readonly verdict: Verdict
  /** Why, for a person. */
  readonly reason: string
  /** The policy line (`policy.yml:4 registry.example.org:443`) or block-list entry behind it. */
  readonly rule: string | null
}

export interface NameMatch {
  /** Index into `blockEntries` when the name is on the block list. */
  readonly blocked?: number
  /** All grants of the name, in the policy's order; of a host with HTTPS rules these first. */
  readonly grants: readonly NameGrant[]
}

/** What policy and block list say of a name. Case and a trailing dot do not matter. */
export function matchName(compiled: CompiledPolicy, name: string): NameMatch {
  const grants = underHttps(
    compiled.https,
    lookUpName(compiled.index.names, name).map((i) => compiled.names[i] as NameGrant),
  )
  const blocked =
    compiled.blockEntries.length === 0
      ? undefined
      : lookUpName(compiled.index.blockedNames, name)[0]
  return blocked === undefined ? { grants } : { blocked, grants }
}

/** All grants to everybody of an address (16 bytes, IPv4 mapped) by policy lines that name it or its block, in the policy's order. */
export function matchAddress(compiled: CompiledPolicy, address: Uint8Array): AddressGrant[] {
  return lookUpAddress(compiled.index.addresses, address)
    .map((i) => compiled.addresses[i] as AddressGrant)
    .filter(({ narrowing }) => narrowing === 0)
}

/** Who tries. When nothing is known of that, only lines for everybody allow it. */
export interface Actor {
  /** Path of the program. */
  readonly exe?: string | null | undefined
  /** Id of the step that it is in. */
  readonly step?: string | null | undefined
  /** Whether it is one that a line is narrowed to, by the line's number: in place of what is known else. */
  readonly fulfils?: (narrowing: number) => boolean
}

/** One attempt to reach something. A host that is given is the name that led to the address. */
export interface Attempt extends Actor {
  readonly host?: string | null | undefined
  readonly address?: string | Uint8Array | null | undefined
  readonly port: number
  readonly protocol: string
}

/** What decides about an attempt: an entry of the block list, a line that allows it, or one that does so for others, or by the name, only. */
type Found =
  | { readonly entry: number }
  | { readonly loopback: true }
  | { readonly rule: number }
  | { readonly narrowed: number }
  | { readonly named: number; readonly address: Uint8Array; readonly range: string }

/**
 * The one decision: block list, then policy, then mode (`block` blocks what is left, `audit` lets
 * it pass as `would-block`). Loopback addresses are allowed unless their name is block-listed:
 * such traffic does not leave the machine. Every layer that enforces has this outcome.
 */
export function decide(compiled: CompiledPolicy, attempt: Attempt): Decision {
  const found = find(compiled, attempt)
  const { protocol } = attempt
  if (found === null)
    return refused(
      compiled,
      protocol === 'tcp' || protocol === 'udp'
        ? 'not in the policy'
        : `only TCP and UDP can be allowed, this is ${protocol}`,
    )
  if ('entry' in found) return attackBlocked(compiled, found.entry)
  if ('loopback' in found) return { verdict: 'allowed', reason: 'loopback', rule: null }
  if ('narrowed' in found) return refusedByNarrowing(compiled, found.narrowed)
  if ('named' in found) return refused(compiled, namedReason(compiled, found))
  return allowed(compiled, found.rule)
}

/**
 * Why an attempt is refused though a line allows its name: the name leads to an address that is not the open internet's (DNS
 * rebinding), which needs a line of its own. null: it is for something else.
 */
export function whyNameIsNotEnough(compiled: CompiledPolicy, attempt: Attempt): string | null {
  const found = find(compiled, attempt)
  return found !== null && 'named' in found ? namedReason(compiled, found) : null
}

/** The index of the rule by which decide() allows an attempt; null: it does not, or by none. */
export function allowingRule(compiled: CompiledPolicy, attempt: Attempt): number | null {
  const found = find(compiled, attempt)
  return found !== null && 'rule' in found ? found.rule : null
}

function find(compiled: CompiledPolicy, attempt: Attempt): Found | null {
  const address = addressBytes(attempt.address ?? attempt.host)
  const match =
    typeof attempt.host === 'string' ? matchName(compiled, attempt.host) : { grants: [] }
  if (match.blocked !== undefined) return { entry: match.blocked }
  if (address !== null) {
    if (isLoopback(address)) return { loopback: true }
    const [entry] = lookUpAddress(compiled.index.blockedAddresses, address)
    if (entry !== undefined) return { entry }
  }
  const own = (address === null ? [] : lookUpAddress(compiled.index.addresses, address))
    .map((i) => compiled.addresses[i] as AddressGrant)
    .filter((grant) => covers(grant, attempt))
  const named = match.grants.filter((grant) => covers(grant, attempt))
  const range = address === null ? null : specialRange(address)
  const isNameEnough = range === null || own.some(({ narrowing }) => narrowing === 0)
  const grants = [...everybodyFirst(isNameEnough ? named : []), ...everybodyFirst(own)]
  const grant = grants.find((one) => fits(compiled, one, attempt))
  if (grant !== undefined) return { rule: grant.rule }
  const idle = isNameEnough ? undefined : named.find((one) => fits(compiled, one, attempt))
  if (idle !== undefined && address !== null && range !== null)
    return { named: idle.rule, address, range }
  const [narrowed] = [...grants, ...named]
  return narrowed === undefined ? null : { narrowed: narrowed.rule }
}

/**
 * The decision about looking a name up: allowed when any endpoint of the policy fits the name,
 * whatever its port.
 */
export function decideName(compiled: CompiledPolicy, name: string, by: Actor = {}): Decision {
  const match = matchName(compiled, name)
  if (match.blocked !== undefined) return attackBlocked(compiled, match.blocked)
  const grants = everybodyFirst(match.grants)
  const grant = grants.find((one) => fits(compiled, one, by))
  if (grant !== undefined) return allowed(compiled, grant.rule)
  return grants[0] === undefined
    ? refused(compiled, 'not in the policy')
    : refusedByNarrowing(compiled, grants[0].rule)
}

/** The text that stands for a rule in events: `policy.yml:4 registry.example.org:443`. */
export function ruleLabel(compiled: CompiledPolicy, rule: number): string {
  const entry = compiled.rules[rule]
  return entry === undefined ? `rule ${rule}` : `${entry.where} ${entry.text}`
}

/** A line of a policy that says more than an endpoint. */
export interface FullLine {
  /** As events name it. */
  readonly rule: string
  readonly endpoint: string
  /** As an entry of `allow`. */
  readonly entry: string
}

/** Lines that are told whole. */
const FULL_LINES = 500

/** The lines of a policy that say more than an endpoint, the first ones when there are many. */
export function fullLines(compiled: CompiledPolicy): FullLine[] {
  return compiled.rules
    .flatMap(({ index, text, entry }) =>
      entry === undefined ? [] : [{ rule: ruleLabel(compiled, index), endpoint: text, entry }],
    )
    .slice(0, FULL_LINES)
}

/** Why a line that is narrowed does not allow something. */
export function narrowedReason(compiled: CompiledPolicy, rule: number): string {
  return `${ruleLabel(compiled, rule)} allows it to ${compiled.rules[rule]?.only ?? 'others'} only`
}

/** Whether a narrowed line is for who has this program and step, by the names that these have. */
export function isMeantFor(compiled: CompiledPolicy, rule: number, by: Actor): boolean {
  const grants = [...compiled.names, ...compiled.addresses].filter((grant) => grant.rule === rule)
  return grants.some(({ narrowing }) => fitsNarrowing(compiled.narrowings, narrowing, by))
}

/** The text that stands for a block-list entry in events: `block-list.json evil.example`. */
export function blockLabel(compiled: CompiledPolicy, entry: number): string {
  return `${compiled.blockFile ?? 'block list'} ${compiled.blockEntries[entry]?.value ?? entry}`
}

/** Whether a grant is for this port and protocol. */
export function covers(
  grant: { protocol: string; portFrom: number; portTo: number },
  attempt: { port: number; protocol: string },
): boolean {
  if (attempt.port < grant.portFrom || attempt.port > grant.portTo) return false
  if (grant.protocol === 'any') return attempt.protocol === 'tcp' || attempt.protocol === 'udp'
  return grant.protocol === attempt.protocol
}

/** 16 bytes of an address in text or bytes; null when it is none. */
function addressBytes(address: string | Uint8Array | null | undefined): Uint8Array | null {
  if (address === null || address === undefined) return null
  return typeof address === 'string' ? readAddress(address) : address
}

function attackBlocked(compiled: CompiledPolicy, entry: number): Decision {
  const reason = compiled.blockEntries[entry]?.reason ?? ''
  return {
    verdict: 'attack-blocked',
    reason: `on the block list: ${reason}`,
    rule: blockLabel(compiled, entry),
  }
}

function allowed(compiled: CompiledPolicy, rule: number): Decision {
  const label = ruleLabel(compiled, rule)
  return { verdict: 'allowed', reason: `allowed by ${label}`, rule: label }
}

function fits({ narrowings }: CompiledPolicy, grant: { narrowing: number }, by: Actor): boolean {
  const { narrowing } = grant
  if (narrowing === 0) return true
  return by.fulfils?.(narrowing) ?? fitsNarrowing(narrowings, narrowing, by)
}

function namedReason(
  compiled: CompiledPolicy,
  { named, address, range }: { named: number; address: Uint8Array; range: string },
): string {
  return needsOwnLine(ruleLabel(compiled, named), formatAddress(address), range)
}

function everybodyFirst<T extends { narrowing: number }>(grants: readonly T[]): T[] {
  return grants.toSorted((a, b) => Number(a.narrowing > 0) - Number(b.narrowing > 0))
}

function refusedByNarrowing(compiled: CompiledPolicy, rule: number): Decision {
  const reason = narrowedReason(compiled, rule)
  return { ...refused(compiled, reason), rule: ruleLabel(compiled, rule) }
}

function refused(compiled: CompiledPolicy, reason: string): Decision {
  return { verdict: compiled.egress === 'block' ? 'blocked' : 'would-block', reason, rule: null }
}
