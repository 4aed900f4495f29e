import type { Verdict } from '@runwarden/events'
import { type Address, fromReverseName, specialRange } from './address.ts'
import type { Answer, AnswerAddress } from './answer.ts'
import { TYPE } from './codes.ts'
import type { DnsClient, NameGrant, NamePolicy } from './contract.ts'
import { writeName } from './name.ts'
import type { Query } from './query.ts'
import { localhostData } from './reply.ts'

/** What becomes of a query. */
export interface Decision {
  verdict: Verdict
  reason: string
  rule: string | null
  /** `local`: answered from here, with `data` as the record (null: there is none of that type). */
  act: 'forward' | 'refuse' | 'local'
  data: Buffer | null
  /** What addresses in the answer may be used for; empty: for nothing. */
  grants: readonly NameGrant[]
}

const NO_GRANTS: readonly NameGrant[] = []
const LOOPBACK_PTR = writeName('localhost')

/**
 * Decides a query: block list, then names that mean this machine, then the name by policy, then
 * the server that was asked. In audit mode what policy does not allow is forwarded all the same,
 * and grants nothing.
 */
export function decideQuery(
  policy: NamePolicy,
  query: Query,
  client: DnsClient,
  trusted: (client: DnsClient) => boolean,
  learned: (address: Address) => boolean,
): Decision {
  const listed = policy.blocked(query.plain ? query.name : plainLike(query.name))
  if (listed)
    return decision('attack-blocked', `block list: ${listed.reason}`, listed.rule, 'refuse')
  const local = localAnswer(query)
  if (local) return local
  const named = decideName(policy, query, learned)
  if (named.verdict !== 'allowed' || trusted(client)) return named
  const reason = `${client.server.host} port ${client.server.port} is neither a resolver of this machine nor allowed by policy`
  return denied(policy, reason)
}

function decideName(
  policy: NamePolicy,
  query: Query,
  learned: (address: Address) => boolean,
): Decision {
  if (!query.plain) return denied(policy, 'the name holds bytes that no host name has')
  const grants = query.name === '' ? NO_GRANTS : policy.grants(query.name)
  if (grants.length > 0) {
    return {
      verdict: 'allowed',
      reason: 'allowed by policy',
      rule: policy.rule(grants[0]!.rule),
      act: 'forward',
      data: null,
      grants,
    }
  }
  if (query.type === TYPE.PTR) {
    const address = fromReverseName(query.name)
    const rule = address && policy.address(address)
    if (rule)
      return decision('allowed', 'reverse name of an address that policy allows', rule, 'forward')
    if (address && learned(address))
      return decision(
        'allowed',
        'reverse name of an address that an allowed name led to',
        null,
        'forward',
      )
  }
  return denied(policy, 'no rule allows this name')
}

/** `localhost` (RFC 6761 §6.3) and the reverse names of loopback (RFC 6303) never leave the machine. */
function localAnswer(query: Query): Decision | null {
  const { name } = query
  const reason = 'answered by this machine'
  if (name === 'localhost' || name.endsWith('.localhost')) {
    return { ...decision('allowed', reason, null, 'local'), data: localhostData(query.type) }
  }
  if (query.type !== TYPE.PTR) return null
  const address = fromReverseName(name)
  if (!address || specialRange(address) !== 'a loopback') return null
  return { ...decision('allowed', reason, null, 'local'), data: LOOPBACK_PTR }
}

function denied(policy: NamePolicy, reason: string): Decision {
  return policy.egress === 'block'
    ? decision('blocked', reason, null, 'refuse')
    : decision('would-block', reason, null, 'forward')
}

function decision(
  verdict: Verdict,
  reason: string,
  rule: string | null,
  act: Decision['act'],
): Decision {
  return { verdict, reason, rule, act, data: null, grants: NO_GRANTS }
}

/** A name with odd bytes made plain, so that a listed domain is found above them too. */
function plainLike(name: string): string {
  return name.replace(/\\(?:\d{3}|.)/g, 'x').replace(/[^a-z0-9_.-]/g, 'x')
}

/** What becomes of an answer: the decision as it stands now, and the addresses that it may grant. */
export interface AnswerDecision {
  decision: Decision
  learn: AnswerAddress[]
}

/**
 * Decides an answer. An alias on the block list turns it into a refusal. Addresses that a public
 * name has no reason to lead to (DNS rebinding) grant nothing, unless policy names them itself.
 */
export function decideAnswer(policy: NamePolicy, made: Decision, answer: Answer): AnswerDecision {
  for (const alias of answer.aliases) {
    const listed = policy.blocked(plainLike(alias))
    if (listed) {
      return {
        decision: decision(
          'attack-blocked',
          `leads to ${alias}, block list: ${listed.reason}`,
          listed.rule,
          'refuse',
        ),
        learn: [],
      }
    }
  }
  if (made.grants.length === 0) return { decision: made, learn: [] }
  const learn: AnswerAddress[] = []
  const rebound: string[] = []
  for (const each of answer.addresses) {
    const what = specialRange(each.address)
    if (what === null || policy.address(each.address) !== null) learn.push(each)
    else rebound.push(`${each.text} is ${what} address and grants nothing`)
  }
  if (rebound.length === 0) return { decision: made, learn }
  return {
    decision: { ...made, reason: `${made.reason}; ${rebound.slice(0, 4).join('; ')}` },
    learn,
  }
}
