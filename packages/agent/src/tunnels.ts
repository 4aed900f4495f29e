import type { EventOf } from '@runwarden/events'
import { SeenNames } from './seen-names.ts'
import { zoneOf } from './zones.ts'

/**
 * What makes the queries of one zone a tunnel, within the last 30 to 60 minutes. Each counts alone. "New" is
 * the part of a name that no earlier query of the zone ended with, in characters without dots: what the query
 * tells the zone's server. Measured against what builds do:
 *
 *   longNames     with 80 new characters or more. Tunnels fill names, up to 250; what people and programs name
 *                 is within one label of 63 characters. Ten are 500 bytes of data.
 *   encodedNames  that look encoded, with 48 new letters and digits or more, or with 16 when they are asked for
 *                 a type other than those that lead to addresses and back (TXT, NULL, CNAME, MX, SRV and the
 *                 like bring much back: dnscat asks one a second even when it idles). A UUID has 32, a SHA-1 40.
 *                 Mail checks, certificate challenges and transparency logs ask such types for tens of names.
 *   characters    new ones, in names with 12 of them or more. 65,536 are 40 KB of data in base32, or 1,800 UUIDs.
 *   names         different ones of any length. Mirrors, shards and tenants are tens to hundreds.
 *   types         different record types, of 65,536 that can be asked. Programs that check a zone ask a dozen.
 *   order         what the order can tell in which questions (a name and a type) are repeated, in bits: one that does
 *                 not follow the one before as it did the last time tells that, and which of all it is; one that does
 *                 (AAAA behind A, a loop) next to nothing. 524,288 are 64 KB. 25,000 lookups of twenty hosts by several
 *                 programs at once are below it, and a million queries for one name in a loop.
 *
 * Each counts alone. What stays below can carry some 500 bytes in long names, 4 KB in names of one long label, 40 KB
 * in short ones and 64 KB in their order, an hour. When they are asked says more.
 */
const TUNNEL_LIMITS = {
  longNames: 10,
  encodedNames: 100,
  characters: 65_536,
  names: 5000,
  types: 32,
  order: 64 * 1024 * 8,
} as const

const LONG = 80
const ENCODED = 48
const ENCODED_UNUSUAL = 16
const COUNTED = 12
const HALF_WINDOW_MS = 30 * 60_000
/** Bits of a query that was to be expected. */
const EXPECTED = 1 / 2
/** Of so many questions it is known which one followed it; a power of two. */
const FOLLOWED = 1 << 16
/** Zones that are counted at a time; beyond, those asked longest ago are forgotten. */
const ZONES = 1024
/** Queries kept as evidence of a zone. */
const EVIDENCE = 16

type Counts = Record<keyof typeof TUNNEL_LIMITS, number>

/** A zone whose queries carry data. */
export interface Tunnel {
  zone: string
  /** None of the queries left the machine. */
  refused: boolean
  counts: Counts
  /** The last queries that were counted, `seq` of each. */
  evidence: number[]
}

interface Zone {
  now: Counts
  before: Counts
  /** Different questions in this half of the window, and in the one before. */
  questions: number
  questionsBefore: number
  /** The last one. */
  last: number
  evidence: number[]
}

const none = (): Counts => ({
  longNames: 0,
  encodedNames: 0,
  characters: 0,
  names: 0,
  types: 0,
  order: 0,
})

/** Finds DNS tunnels by the volume, length, look and order of the names that are asked, zone by zone. */
export class Tunnels {
  readonly #seen = new SeenNames()
  /** The question that followed another one the last time, by hashes. */
  readonly #followers = new Uint32Array(FOLLOWED)
  readonly #zones = new Map<string, Zone>()
  #turned = 0

  /** Counts a query. Returns the tunnel that it belongs to, from the query on that makes it one. */
  see(event: EventOf<'dns.query'>): Tunnel | null {
    const name = unescaped(event.name)
    const zone = zoneOf(name)
    if (name === 'localhost' || name.endsWith('.localhost')) return null
    this.#turn(event.time)
    const refused = event.verdict === 'blocked' || event.verdict === 'attack-blocked'
    const found = this.#zone(`${zone} ${refused}`)
    const fresh = this.#seen.add(name, zone, Number(refused))
    const size = fresh.length - dotsIn(fresh)
    if (size > 0) found.now.names++
    if (this.#seen.addHash(this.#seen.hash(`${event.type} ${zone}`, Number(refused))) === 'never')
      found.now.types++
    const told = this.#told(found, this.#seen.hash(`${name} ${event.type}`, Number(refused)))
    found.now.order += told
    if (size >= COUNTED) found.now.characters += size
    if (size >= LONG) found.now.longNames++
    if (looksEncoded(fresh, ORDINARY.has(event.type) ? ENCODED : ENCODED_UNUSUAL))
      found.now.encodedNames++
    if (told > EXPECTED) found.evidence.push(event.seq)
    if (found.evidence.length > EVIDENCE) found.evidence.shift()
    const counts = sum(found.before, found.now)
    const over = Object.entries(TUNNEL_LIMITS).some(
      ([sign, limit]) => counts[sign as keyof Counts] >= limit,
    )
    return over ? { zone, refused, counts, evidence: [...found.evidence] } : null
  }

  /** What a question can tell by its place in the order, in bits. */
  #told(zone: Zone, question: number): number {
    const at = zone.last & (FOLLOWED - 1)
    const expected = this.#followers[at] === question >>> 0
    this.#followers[at] = question
    zone.last = question
    if (this.#seen.addHash(question) !== 'now') zone.questions++
    return expected ? EXPECTED : 1 + Math.log2(Math.max(zone.questions, zone.questionsBefore, 1))
  }

  #zone(key: string): Zone {
    const zone = this.#zones.get(key) ?? {
      now: none(),
      before: none(),
      questions: 0,
      questionsBefore: 0,
      last: 0,
      evidence: [],
    }
    this.#zones.delete(key)
    this.#zones.set(key, zone)
    if (this.#zones.size > ZONES) {
      const oldest = this.#zones.keys().next()
      if (oldest.done !== true) this.#zones.delete(oldest.value)
    }
    return zone
  }

  #turn(time: number): void {
    if (time - this.#turned < HALF_WINDOW_MS) return
    // After a long silence both halves are over.
    const turns = time - this.#turned < 2 * HALF_WINDOW_MS ? 1 : 2
    for (let i = 0; i < turns; i++) {
      this.#seen.turn()
      for (const zone of this.#zones.values()) {
        zone.before = zone.now
        zone.now = none()
        zone.questionsBefore = zone.questions
        zone.questions = 0
      }
    }
    this.#turned = time
  }
}

function sum(a: Counts, b: Counts): Counts {
  return {
    longNames: a.longNames + b.longNames,
    encodedNames: a.encodedNames + b.encodedNames,
    characters: a.characters + b.characters,
    names: a.names + b.names,
    types: a.types + b.types,
    order: a.order + b.order,
  }
}

/** Types that programs ask to connect somewhere, or to name who connected. */
const ORDINARY: ReadonlySet<string> = new Set(['A', 'AAAA', 'HTTPS', 'SVCB', 'PTR'])

/**
 * Has it as many letters and digits, and do they look like data and not like words? Of base32 text 19% are
 * digits and 16% vowels, of hexadecimal 62% and 12%. Names that people give have one vowel in three or four
 * letters, and hardly a digit.
 */
function looksEncoded(text: string, least: number): boolean {
  if (text.length < least) return false
  let digits = 0
  let vowels = 0
  let all = 0
  for (const char of text) {
    if (char === '.' || char === '-' || char === '_') continue
    all++
    if (char >= '0' && char <= '9') digits++
    else if ('aeiou'.includes(char)) vowels++
  }
  return all >= least && (digits >= all * 0.15 || vowels < all * 0.22)
}

function dotsIn(text: string): number {
  let dots = 0
  for (let at = text.indexOf('.'); at >= 0; at = text.indexOf('.', at + 1)) dots++
  return dots
}

/** One character for each byte of the name; a dot inside of a label is no dot between labels. */
function unescaped(name: string): string {
  return name.replaceAll(/\\(\d{3}|.)/g, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number(code)) : code === '.' ? '\u0100' : code,
  )
}
