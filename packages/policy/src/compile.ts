import { addAddress, bytesOf, emptyAddressIndex } from './address-index.ts'
import type { AddressIndex } from './address-index.ts'
import type { BlockList } from './block-list.ts'
import type { Endpoint } from './endpoint.ts'
import { formatEndpoint } from './endpoint-parts.ts'
import type { EndpointProtocol } from './endpoint-parts.ts'
import { formatPlace } from './error.ts'
import { addName, emptyNameIndex } from './name-index.ts'
import { ruleEntry } from './rule-entry.ts'
import { compileHttps, httpsOrder } from './https.ts'
import type { CompiledHttps } from './https.ts'
import type { NameIndex } from './name-index.ts'
import { compileNarrowings, narrowingOf } from './narrowing.ts'
import type { CompiledNarrowings } from './narrowing.ts'
import { narrowing as narrowingText, overriddenOf, unseenOf, warningsOf } from './notices.ts'
import { hardeningOf, isEndpoint } from './policy.ts'
import type { Egress, EndpointRule, FailMode, Hardening, Policy } from './policy.ts'

/** A line of the policy that allows something. */
export interface CompiledRule {
  readonly index: number
  /** `policy.yml:4` */
  readonly where: string
  /** The endpoint as the policy names it. */
  readonly text: string
  /** What it is narrowed to, in words. */
  readonly only?: string
  /** As an entry of `allow`, where it says more than an endpoint: steps, programs, names, requests. */
  readonly entry?: string
}

/** Addresses of one block. */
export interface CompiledBlock {
  /** 16 bytes as a latin-1 string, IPv4 as ::ffff:a.b.c.d. */
  readonly bytes: string
  /** How many of their bits count (IPv4 /24 is 120). */
  readonly prefix: number
}

/** Addresses that policy names. */
export interface AddressGrant extends CompiledBlock {
  readonly family: 4 | 6
  readonly protocol: EndpointProtocol | 'any'
  readonly portFrom: number
  readonly portTo: number
  readonly rule: number
  /** Number of what it is narrowed to; 0: it is for everybody. */
  readonly narrowing: number
}

/** What a name that fits `patternText` may be reached for. */
export interface NameGrant {
  readonly protocol: EndpointProtocol
  readonly portFrom: number
  readonly portTo: number
  readonly rule: number
  /** Connections are not held to the name. */
  readonly unchecked: boolean
  readonly patternText: string
  /** Number of what it is narrowed to; 0: it is for everybody. */
  readonly narrowing: number
}

interface CompiledBlockEntry {
  readonly value: string
  readonly reason: string
}

/** A policy and block list as maps and indices. Plain data: it can be posted to another thread. */
export interface CompiledPolicy {
  readonly egress: Egress
  readonly failMode: FailMode
  /** Which roads to more rights the job loses. */
  readonly hardening: Hardening
  /** Detections that end the job. */
  readonly lockdown: readonly string[]
  readonly rules: readonly CompiledRule[]
  readonly addresses: readonly AddressGrant[]
  readonly names: readonly NameGrant[]
  /** What lines are narrowed to. */
  readonly narrowings: CompiledNarrowings
  /** Which requests HTTPS rules allow. */
  readonly https: CompiledHttps
  readonly blockedAddresses: readonly (CompiledBlock & { readonly entry: number })[]
  readonly blockEntries: readonly CompiledBlockEntry[]
  /** Where the block list came from; null: there is none. */
  readonly blockFile: string | null
  /** The place of the line by which changes of files in the workspace are not watched; null: they are. */
  readonly filesUnwatched: string | null
  /** What is valid but probably not meant, a sentence each, with its place. */
  readonly warnings: readonly string[]
  readonly index: {
    readonly names: NameIndex
    readonly addresses: AddressIndex
    readonly blockedNames: NameIndex
    readonly blockedAddresses: AddressIndex
  }
}

/**
 * Turns a policy into what the layers enforce.
 */
export function compile(policy: Policy, blockList?: BlockList): CompiledPolicy {
  const rules: CompiledRule[] = []
  const addresses: AddressGrant[] = []
  const names: NameGrant[] = []
  const nameIndex = emptyNameIndex()
  const addressIndex = emptyAddressIndex()
  const endpoints = policy.rules.filter(isEndpoint)
  const narrowings = compileNarrowings(endpoints)
  for (const rule of endpoints) {
    const { host, protocol, portFrom, portTo } = rule.endpoint
    const index = rules.length
    const narrowing = narrowingOf(narrowings, rule)
    const where = formatPlace(rule.where)
    const text = ruleText(rule)
    const line = { index, where, text }
    const entry = ruleEntry(rule)
    if (entry === null) rules.push(line)
    else rules.push({ ...line, entry, ...(narrowing > 0 ? { only: narrowingText(rule) } : {}) })
    if (host.kind === 'address') {
      const { family, prefix } = host
      const bytes = bytesOf(host.address)
      addAddress(addressIndex, bytes, prefix, addresses.length)
      addresses.push({
        family,
        bytes,
        prefix,
        protocol,
        portFrom,
        portTo,
        rule: index,
        narrowing,
      })
    } else {
      const patternText = host.kind === 'name' ? host.name : host.pattern
      addName(nameIndex, patternText, names.length)
      const unchecked = rule.names === 'unchecked'
      names.push({ protocol, portFrom, portTo, rule: index, unchecked, patternText, narrowing })
    }
  }
  const https = httpsOrder(policy.rules.filter((rule) => rule.kind === 'https'))
  const compiledHttps = compileHttps(https, rules.length)
  for (const line of https) {
    const { endpoint, where } = line
    const { host, protocol, portFrom, portTo } = endpoint
    if (host.kind === 'address') continue
    const rule = rules.length
    const text = formatEndpoint(endpoint)
    rules.push({ index: rule, where: formatPlace(where), text, entry: ruleEntry(line) ?? text })
    const patternText = host.kind === 'name' ? host.name : host.pattern
    addName(nameIndex, patternText, names.length)
    const open = { unchecked: false, narrowing: 0 }
    names.push({ protocol, portFrom, portTo, rule, ...open, patternText })
  }
  const compiled: CompiledPolicy = {
    egress: policy.egress,
    failMode: policy.failMode,
    hardening: hardeningOf(policy),
    lockdown: policy.lockdown.map(({ detection }) => detection),
    rules,
    addresses,
    names,
    narrowings,
    https: compiledHttps,
    ...compileBlockList(blockList),
    filesUnwatched:
      policy.disableFileMonitoring?.on === true
        ? formatPlace(policy.disableFileMonitoring.where)
        : null,
    warnings: [],
    index: { names: nameIndex, addresses: addressIndex, ...blockIndices(blockList) },
  }
  return {
    ...compiled,
    warnings: [
      ...warningsOf(endpoints, compiled),
      ...overriddenOf(endpoints, compiled),
      ...unseenOf(policy),
    ],
  }
}

function ruleText(rule: EndpointRule): string {
  const text = isCanonical(rule.endpoint) ? rule.endpoint.text : formatEndpoint(rule.endpoint)
  return rule.preset === null ? text : `${text} (preset ${rule.preset})`
}

/** Whether an endpoint was written as formatEndpoint writes it, as nearly all are: without a look, no other text is made of it. */
function isCanonical({ text, host, protocol, portFrom, portTo }: Endpoint): boolean {
  if (protocol !== 'tcp' || portFrom !== portTo) return false
  const colon = text.indexOf(':')
  if (colon < 0 || text.indexOf(':', colon + 1) >= 0 || text.indexOf('-', colon + 1) >= 0)
    return false
  if (host.kind === 'name') return colon === host.name.length && text.startsWith(host.name)
  return host.kind === 'address' && host.family === 4 && host.prefix === 128 && !text.includes('/')
}

function compileBlockList(list: BlockList | undefined) {
  const first = (list?.domains.length ?? 0) + (list?.wildcards.length ?? 0)
  return {
    blockFile: list?.file ?? null,
    blockEntries: blockOrder(list).map(({ value, reason }) => ({ value, reason })),
    blockedAddresses: (list?.addresses ?? []).map(({ block }, i) => ({
      bytes: bytesOf(block.address),
      prefix: block.prefix,
      entry: first + i,
    })),
  }
}

function blockIndices(list: BlockList | undefined) {
  const blockedNames = emptyNameIndex()
  const blockedAddresses = emptyAddressIndex()
  const names = [...(list?.domains ?? []), ...(list?.wildcards ?? [])]
  for (const [i, { value }] of names.entries()) addName(blockedNames, value, i)
  for (const [i, { block }] of (list?.addresses ?? []).entries()) {
    addAddress(blockedAddresses, bytesOf(block.address), block.prefix, names.length + i)
  }
  return { blockedNames, blockedAddresses }
}

function blockOrder(list: BlockList | undefined) {
  return list === undefined ? [] : [...list.domains, ...list.wildcards, ...list.addresses]
}
