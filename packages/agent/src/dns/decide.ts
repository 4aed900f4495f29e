import type { Verdict } from '@runwarden/events'
import { specialRange } from '@runwarden/policy'
import { type Address, fromReverseName } from './address.ts'
import { type Answer, type AnswerAddress, MAX_ADDRESSES } from './answer.ts'
import { TYPE } from './codes.ts'
import type { ClientLookup, DnsClient, NameGrant, NamePolicy, Standing } from './contract.ts'
import { writeName } from './name.ts'
import type { Query } from './query.ts'
import { localhostData } from './reply.ts'

/** What becomes of a query. */
export interface Decision {
  verdict: Verdict
  reason: string
  rule: string | null
  /**
   * `redirect`: forwarded to a resolver of this machine instead of the server that was asked. `local`:
   * answered from here, with `data` as the record (null: there is none of that type). `no-such-name`:
   * answered NXDOMAIN from here.
   */
  act: 'forward' | 'redirect' | 'refuse' | 'local' | 'no-such-name'
  data: Buffer | null
  /** What addresses in the answer may be used for; empty: for nothing. */
  grants: readonly NameGrant[]
}

const NO_GRANTS: readonly NameGrant[] = []
const LOOPBACK_PTR = writeName('localhost')

/** What is known beside a query. */
export interface Known {
  standing: (client: DnsClient) => Standing
  learned: (address: Address) => boolean
  fulfils: ClientLookup['fulfils']
}

/**
 * Decides a query: block list, then names that are answered here, then names of containers, then the
 * name by policy, then the server that was asked. In audit mode what policy does not allow is forwarded
 * all the same, and grants nothing.
 */
export function decideQuery(
  policy: NamePolicy,
  query: Query,
  client: DnsClient,
  { standing, learned, fulfils }: Known,
): Decision {
  const listed = policy.blocked(query.plain ? query.name : plainLike(query.name))
  if (listed)
    return decision('attack-blocked', `block list: ${listed.reason}`, listed.rule, 'refuse')
  const local = localAnswer(query)
  if (local) return local
  if (isServiceName(query) && standing(client) === 'here') {
    const reason = 'name of a container, asked of a resolver on this machine'
    return decision('allowed', reason, null, 'forward')
  }
  const named = decideName(policy, query, client, { learned, fulfils })
  if (named.grants.length === 0 && named.verdict !== 'allowed') return named
  if (standing(client) === 'trusted') return named
  if (named.verdict !== 'allowed') return { ...named, grants: NO_GRANTS }
  const { host, port } = client.server
  const reason = `${host} port ${port} is neither a resolver of this machine nor allowed by policy`
  // What an unknown server says opens nothing, and what it is asked may be a message: neither takes place.
  if (policy.egress === 'block')
    return {
      ...named,
      act: 'redirect',
      reason: `${named.reason}; ${reason}: one of this machine's answered`,
    }
  return denied(policy, reason)
}

function decideName(
  policy: NamePolicy,
  query: Query,
  { process }: DnsClient,
  { learned, fulfils }: Omit<Known, 'standing'>,
): Decision {
  if (!query.plain) return denied(policy, 'the name holds bytes that no host name has')
  const grants = query.name === '' ? NO_GRANTS : policy.grants(query.name)
  if (grants.length > 0) {
    // Of whom it is not known who asks, the connect decides.
    const own = ({ narrowing = 0 }: NameGrant): boolean =>
      narrowing === 0 || process === null || fulfils(process, narrowing)
    if (!grants.some(own)) {
      const { rule } = grants[0]!
      return { ...denied(policy, policy.narrowed(rule)), rule: policy.rule(rule), grants }
    }
    return {
      verdict: 'allowed',
      reason: 'allowed by policy',
      rule: policy.rule(grants.find(own)!.rule),
      act: 'forward',
      data: null,
      grants,
    }
  }
  if (query.type === TYPE.PTR) {
    const address = fromReverseName(query.name)
    const [grant] = address ? policy.addressGrants(address) : []
    if (grant) {
      const reason = 'reverse name of an address that policy allows'
      return decision('allowed', reason, policy.rule(grant.rule), 'forward')
    }
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

/** Zones below which container engines name containers and their host. None of them exists in public. */
const CONTAINER_ZONES = ['.dns.podman', '.docker.internal', '.containers.internal']

/**
 * Is it a name that a container engine may know: one label, alone or in a zone of the engine's? An
 * engine's resolver asks on for what it does not know, so no more than 63 characters may go, and no
 * further than to the root's servers, where no such name is delegated to anybody.
 */
function isServiceName({ name, plain, type }: Query): boolean {
  if (!plain || name === '' || (type !== TYPE.A && type !== TYPE.AAAA)) return false
  const zone = CONTAINER_ZONES.find((each) => name.endsWith(each)) ?? ''
  return !name.slice(0, name.length - zone.length).includes('.')
}

/**
 * `localhost` (RFC 6761 §6.3) and the reverse names of loopback (RFC 6303) never leave the machine. Nor
 * do the names by which clients find out whether to use DNS over HTTPS: they are to stay with this proxy.
 */
function localAnswer(query: Query): Decision | null {
  const { name } = query
  const reason = 'answered by this machine'
  if (name === 'localhost' || name.endsWith('.localhost')) {
    return { ...decision('allowed', reason, null, 'local'), data: localhostData(query.type) }
  }
  if (name === CANARY)
    return decision(
      'allowed',
      `${reason}: browsers then use no DNS over HTTPS`,
      null,
      'no-such-name',
    )
  if (name === DESIGNATED || name.endsWith(`.${DESIGNATED}`))
    return decision('allowed', `${reason}: there is no encrypted resolver`, null, 'local')
  if (query.type !== TYPE.PTR) return null
  const address = fromReverseName(name)
  if (!address || specialRange(address) !== 'a loopback') return null
  return { ...decision('allowed', reason, null, 'local'), data: LOOPBACK_PTR }
}

/** Firefox turns its own DNS over HTTPS off when this name does not exist. */
const CANARY = 'use-application-dns.net'
/** Where clients ask which encrypted resolver belongs to this one (DDR, RFC 9462 §4, §6.4). */
const DESIGNATED = 'resolver.arpa'

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

/** An address of an answer, and what it may be used for. */
export interface GrantedAddress extends AnswerAddress {
  grants: readonly NameGrant[]
}

/** What becomes of an answer: the decision as it stands now, and the addresses that it grants. */
export interface AnswerDecision {
  decision: Decision
  learn: GrantedAddress[]
}

/**
 * Decides an answer. An alias on the block list turns it into a refusal. Addresses that a public
 * name has no reason to lead to (DNS rebinding) grant nothing, but for ports that policy allows both
 * the name and the address. The client gets the answer as it is: connecting fails, and says so.
 */
export function decideAnswer(policy: NamePolicy, made: Decision, answer: Answer): AnswerDecision {
  for (const alias of answer.aliases) {
    const listed = policy.blocked(plainLike(alias))
    if (listed) {
      const reason = `leads to ${alias}, block list: ${listed.reason}`
      return {
        decision: decision('attack-blocked', reason, listed.rule, 'refuse'),
        learn: [],
      }
    }
  }
  if (made.grants.length === 0) return { decision: made, learn: [] }
  const learn: GrantedAddress[] = []
  const rebound: string[] = []
  for (const each of answer.addresses) {
    const grants = grantsAt(policy, made.grants, each.address)
    if (grants.length > 0) learn.push({ ...each, grants })
    else rebound.push(`${each.text} is ${specialRange(each.address)} address and grants nothing`)
  }
  const notes = rebound.slice(0, 4)
  if (answer.more) notes.push(`its addresses beyond ${MAX_ADDRESSES} grant nothing`)
  return { decision: { ...made, reason: [made.reason, ...notes].join('; ') }, learn }
}

/** What an address may be used for, by a policy, that a name has led to before. */
export function grantsOf(policy: NamePolicy, name: string, address: Address): readonly NameGrant[] {
  return policy.blocked(name) === null ? grantsAt(policy, policy.grants(name), address) : NO_GRANTS
}

/** What an address may be used for that a name with these grants led to. */
function grantsAt(
  policy: NamePolicy,
  grants: readonly NameGrant[],
  address: Address,
): readonly NameGrant[] {
  return specialRange(address) === null ? grants : shared(grants, policy.addressGrants(address))
}

/** What both the name and the address may be used for, by the name's rules. */
function shared(name: readonly NameGrant[], address: readonly NameGrant[]): NameGrant[] {
  return name.flatMap((mine) =>
    address.flatMap((theirs): NameGrant[] => {
      const portFrom = Math.max(mine.portFrom, theirs.portFrom)
      const portTo = Math.min(mine.portTo, theirs.portTo)
      const agree =
        mine.protocol === theirs.protocol || mine.protocol === 'any' || theirs.protocol === 'any'
      if (!agree || portFrom > portTo) return []
      const protocol = mine.protocol === 'any' ? theirs.protocol : mine.protocol
      return [{ ...mine, protocol, portFrom, portTo }]
    }),
  )
}
