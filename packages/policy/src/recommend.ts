import { formatAddress, isLoopbackText, readAddress } from './address.ts'
import { readEndpoint } from './endpoint.ts'
import { formatEndpoint } from './endpoint-parts.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import { printable } from './error.ts'
import { canonicalName } from './host-name.ts'
import type { FullLine } from './decide.ts'
import { neededLines, needsLine } from './needed-lines.ts'
import { hasRequestLine, type RefusedRequest, requestLines } from './request-lines.ts'

/** What recommend needs to know of a destination; those of `report.json` fit. */
export interface RecommendDestination {
  readonly host: string | null
  readonly address: string
  readonly port: number
  readonly protocol: string
  readonly verdict: string
  readonly rule?: string | null
  readonly reason?: string
  /** It was looked up, and nothing connected to it. */
  readonly onlyAsked?: boolean
  /** A wildcard that stands for several hosts, in place of `host`; whoever says so has the evidence for it. */
  readonly pattern?: string
  /** What speaks for the line, for its comment: `in 97 of 100 runs`. */
  readonly evidence?: string
  readonly processes?: readonly { readonly exe: string }[]
}

/** A request that the HTTPS rules of its host decided about. */
export interface RecommendRequest extends RefusedRequest {
  readonly verdict: string
}

/** What else the run tells of. */
export interface RecommendMore {
  /** Lines of the policy that the run had which say more than an endpoint (fullLines): what they allowed keeps them. */
  readonly lines?: readonly FullLine[]
  readonly requests?: readonly RecommendRequest[]
}

interface Line {
  readonly parts: EndpointParts
  readonly programs: Set<string>
  readonly evidence: Set<string>
  /** Its connections were refused for the name that they ask for. */
  unchecked: boolean
}

/**
 * The smallest allow-list that a run with these destinations would have needed, as a policy
 * document in block mode. Names are preferred over the addresses that they led to. What policy
 * blocked stands as a comment to be uncommented, and so does what was only looked up; what is on the
 * block list is never offered. What a line of the run's own policy allowed that says more than an endpoint (steps, programs,
 * names, HTTPS rules) keeps that line: a plain one in its place would open what the policy had closed.
 * Loopback needs no rule and is left out. The text always parses, whatever names the job used.
 */
export function recommend(
  destinations: Iterable<RecommendDestination>,
  { lines = [], requests = [] }: RecommendMore = {},
): string {
  const own = new Map(lines.map((line) => [line.rule, line.endpoint]))
  const kept = new Map<string, Set<string>>()
  const wanted = new Map<string, Line>()
  const blocked = new Map<string, Line>()
  const asked = new Map<string, Line>()
  const notes = new Set<string>()
  for (const destination of destinations) {
    if (isLoopbackText(destination.address)) continue
    // A resolver of the machine is reached without a rule: its queries are decided by name.
    if (destination.verdict === 'allowed' && destination.port === 53 && destination.rule === null)
      continue
    const shown = describe(destination)
    if (destination.verdict === 'attack-blocked') {
      notes.add(`never allowed: ${shown} is on the block list`)
      continue
    }
    const endpoint = destination.verdict === 'allowed' ? own.get(destination.rule ?? '') : undefined
    if (endpoint !== undefined) {
      const programs = kept.get(endpoint) ?? new Set()
      kept.set(endpoint, programs)
      for (const { exe } of destination.processes ?? []) programs.add(programName(exe))
      // The line of the name is kept, and the address needs one beside it.
      if (isOfAddress(endpoint) || !needsLine(destination.address)) continue
    }
    let into = destination.onlyAsked === true ? asked : wanted
    if (destination.verdict === 'blocked') into = blocked
    for (const needed of neededLines(destination)) {
      if (endpoint !== undefined && needed.host !== null) continue
      const parts = partsOf({ ...destination, ...needed })
      if (parts === null) {
        notes.add(`cannot be allowed: ${shown}`)
        continue
      }
      const unchecked = needed.unchecked && parts.host.kind === 'name'
      // What was allowed as well is blocked only for the want of that word.
      const key = `${formatEndpoint(parts)}${unchecked && into === blocked ? ' unchecked' : ''}`
      const line = into.get(key) ?? {
        parts,
        programs: new Set<string>(),
        evidence: new Set<string>(),
        unchecked,
      }
      line.unchecked ||= unchecked
      into.set(key, line)
      for (const { exe } of destination.processes ?? []) line.programs.add(programName(exe))
      if (destination.evidence !== undefined) line.evidence.add(comment(destination.evidence))
    }
  }
  for (const key of wanted.keys()) blocked.delete(key)
  for (const key of [...wanted.keys(), ...blocked.keys()]) asked.delete(key)
  for (const request of requests) {
    if (!['blocked', 'would-block'].includes(request.verdict) || hasRequestLine(request)) continue
    const { method, host, path } = request
    notes.add(`cannot be allowed by its path: ${comment(`${method} ${host}${path}`)}`)
  }
  const lacking = (verdict: string): Entry[] =>
    requestLines(requests.filter((request) => request.verdict === verdict)).map((line) => ({
      text: line.entry,
      programs: new Set(
        line.requests.flatMap(({ processes = [] }) => processes.map(({ exe }) => programName(exe))),
      ),
    }))
  return print(
    [
      ...mergePorts(wanted).map(entryOf),
      ...lines.flatMap(({ endpoint, entry }) => {
        const programs = kept.get(endpoint)
        return programs === undefined ? [] : [{ text: entry, programs }]
      }),
      ...lacking('would-block'),
    ],
    [
      [
        'Blocked in this run. Remove the "#" of those that the job should reach.',
        [...mergePorts(blocked).map(entryOf), ...lacking('blocked')],
      ],
      [
        'Only looked up in this run. Remove the "#" of those that the job needs.',
        mergePorts(asked).map(entryOf),
      ],
    ],
    [...notes].toSorted(),
  )
}

/** An entry of `allow`, and what speaks for it. */
interface Entry {
  readonly text: string
  readonly programs: ReadonlySet<string>
  readonly evidence?: ReadonlySet<string>
}

const entryOf = (line: Line): Entry => ({ ...line, text: scalar(line) })

/** Whether a line is for an address; a preset's name may stand after it. */
function isOfAddress(endpoint: string): boolean {
  const parts = readEndpoint(endpoint.replace(/ .*/, ''))
  return !('what' in parts) && parts.host.kind === 'address'
}

function partsOf(destination: RecommendDestination): EndpointParts | null {
  const { protocol, port } = destination
  if ((protocol !== 'tcp' && protocol !== 'udp') || port < 1 || port > 65535) return null
  const scheme = `${protocol}://`
  if (destination.pattern !== undefined) {
    const parts = readEndpoint(`${scheme}${destination.pattern}:${port}`)
    if (!('what' in parts) && parts.host.kind === 'pattern') return parts
  }
  if (destination.host !== null) {
    // A name that was asked with "*" in it, or that reads as an address, would become another rule.
    const parts = readEndpoint(`${scheme}${destination.host}:${port}`)
    if (!('what' in parts) && parts.host.kind === 'name') {
      // Raw bytes on the wire are not the A-label that they would be written as.
      if (parts.host.name === canonicalName(destination.host)) return parts
    }
  }
  const address = readAddress(destination.address)
  if (address === null) return null
  const text = formatAddress(address)
  const parts = readEndpoint(`${scheme}${text.includes(':') ? `[${text}]` : text}:${port}`)
  return 'what' in parts || parts.host.kind !== 'address' ? null : parts
}

/** Neighbouring ports of one host become a range; nothing between is added. */
function mergePorts(lines: ReadonlyMap<string, Line>): Line[] {
  const sorted = [...lines.values()].toSorted(
    (a, b) =>
      compareText(hostKey(a.parts), hostKey(b.parts)) || a.parts.portFrom - b.parts.portFrom,
  )
  const merged: Line[] = []
  for (const line of sorted) {
    const last = merged.at(-1)
    if (
      last !== undefined &&
      last.unchecked === line.unchecked &&
      hostKey(last.parts) === hostKey(line.parts) &&
      last.parts.portTo + 1 === line.parts.portFrom
    ) {
      const parts = { ...last.parts, portTo: line.parts.portTo }
      const programs = new Set([...last.programs, ...line.programs])
      const evidence = new Set([...last.evidence, ...line.evidence])
      merged[merged.length - 1] = { ...last, parts, programs, evidence }
    } else merged.push(line)
  }
  return merged
}

/** Names first, then addresses; TCP before UDP. */
function hostKey(parts: EndpointParts): string {
  const kind = parts.host.kind === 'address' ? `1${parts.host.family}` : '0'
  return `${kind} ${formatEndpoint({ ...parts, protocol: 'tcp', portFrom: 443, portTo: 443 }, true)} ${parts.protocol}`
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function print(
  wanted: readonly Entry[],
  offered: readonly (readonly [why: string, lines: readonly Entry[]])[],
  notes: readonly string[],
): string {
  const groups = offered.filter(([, lines]) => lines.length > 0)
  const out = ['version: 1', 'egress: block']
  // With comments to uncomment below it, an empty list has to stay open.
  out.push(wanted.length + groups.length === 0 ? 'allow: []' : 'allow:')
  for (const line of wanted) out.push(`  - ${line.text}${remark(line)}`)
  for (const [why, lines] of groups) {
    out.push(`  # ${why}`)
    for (const line of lines) out.push(`  # - ${line.text}${remark(line)}`)
  }
  for (const note of notes) out.push(`# ${note}`)
  return `${out.join('\n')}\n`
}

/** YAML needs quotes where a text would be read as something else than a text. */
function scalar(line: Line): string {
  const text = formatEndpoint(line.parts, true)
  const plain = /^(udp:\/\/)?[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)+(:[\d-]+)?$/.test(text)
  const quoted = plain ? text : `"${text}"`
  return line.unchecked ? `{ endpoint: ${quoted}, names: unchecked }` : quoted
}

function remark({ programs: of, evidence = new Set() }: Entry): string {
  const names = [...of].filter((name) => name !== '').toSorted()
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  const programs = names.length === 0 ? [] : [`${names.slice(0, 3).join(', ')}${more}`]
  const said = [...programs, ...evidence]
  return said.length === 0 ? '' : ` # ${said.join('; ')}`
}

/** The file name of a program; its text is the job's, and stays on one line. */
function programName(exe: string): string {
  return comment(exe.slice(exe.lastIndexOf('/') + 1))
}

function describe(destination: RecommendDestination): string {
  const host =
    destination.host ?? (destination.address === '' ? 'any address' : destination.address)
  return comment(`${host} port ${destination.port} over ${destination.protocol}`)
}

function comment(text: string): string {
  // The whole of a long name need not be gone through.
  const line = printable(text.slice(0, 101))
  return line.length > 100 ? `${line.slice(0, 100)}…` : line
}
