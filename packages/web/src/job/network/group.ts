import type { Verdict } from '@runwarden/events'
import { endpointOf, isLoopback, neededLines, placeOf } from '@runwarden/report/view'
import { alarmOf, verdicts } from '../../ui/alarm.ts'
import type { Program, Rows } from '../rows.ts'

type Row = Rows['destinations']

/** A host or address with port and protocol: the rows of it differ by verdict and policy line. */
export interface Group {
  /** As the server names destinations: `tcp://host:port`. */
  key: string
  /** As a policy writes it, or in words where none can name it. */
  place: string
  host: string | null
  addresses: readonly string[]
  port: number
  protocol: Row['protocol']
  /** On the machine itself. */
  local: boolean
  /** Only its name was asked for, and refused: nothing connected. */
  onlyAsked: boolean
  /** The worst first. */
  verdicts: readonly Verdict[]
  count: number
  bytesOut: number
  /** Milliseconds since 1970; null: not told. */
  firstTime: number | null
  firstSeq: number
  programs: readonly Program[]
  rows: readonly Row[]
}

function keyOf({ host, addresses, port, protocol }: Row): string {
  const name = host ?? addresses[0] ?? 'unknown'
  return `${protocol}://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** Names that were refused, as destinations: a job that is refused a name connects to nothing. */
export function refusedNames(
  queries: readonly Rows['dns'][],
  rows: readonly Row[],
): readonly Row[] {
  const reached = new Set(rows.map(({ host }) => host))
  return queries
    .filter(
      ({ name, type, verdict }) =>
        verdict !== 'allowed' && !reached.has(name) && addressTypes.has(type),
    )
    .map((query) => destinationOf(query))
}

/** What a query would have led to, had it been answered; which port is a guess. */
function destinationOf({
  type: _type,
  server: _server,
  rcode: _rcode,
  name,
  ...query
}: Rows['dns']): Row {
  return { ...query, host: name, port: 443, protocol: 'tcp', bytesOut: 0 }
}

const addressTypes: ReadonlySet<string> = new Set(['A', 'AAAA', 'HTTPS', 'SVCB'])

/**
 * Rows as destinations: attacks and refusals first, then what came first; the machine's own last.
 * @param asked those of `refusedNames`
 */
export function grouped(rows: readonly Row[], asked: readonly Row[]): Group[] {
  return [...byKey(rows, false), ...byKey(asked, true)].toSorted(byAlarm)
}

function byKey(rows: readonly Row[], onlyAsked: boolean): Group[] {
  const found = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const known = found.get(key)
    if (known === undefined) found.set(key, [row])
    else known.push(row)
  }
  return [...found].map(([key, all]) => groupOf(key, all, onlyAsked))
}

function byAlarm(a: Group, b: Group): number {
  return alarm(a) - alarm(b) || a.firstSeq - b.firstSeq
}

/** The less, the sooner a person should look at it. */
export const alarm = ({ local, verdicts: [worst = 'allowed'] }: Group): number =>
  (local ? verdicts.length : 0) + alarmOf(worst)

function groupOf(key: string, rows: readonly Row[], onlyAsked: boolean): Group {
  const [first] = rows
  if (first === undefined) throw new Error('a destination has a row')
  const { host, port, protocol } = first
  const addresses = [...new Set(rows.flatMap((row) => row.addresses))]
  const times = rows.map(({ firstTime }) => firstTime).filter((time) => time !== null)
  const programs = new Map<string, Program>()
  for (const row of rows)
    for (const program of row.programs) {
      const id = JSON.stringify([program.exe, program.step, program.execId])
      if (!programs.has(id)) programs.set(id, withProcess(program, row.processes))
    }
  return {
    key,
    place: onlyAsked
      ? (host ?? '')
      : placeOf({ host, address: addresses[0] ?? '', port, protocol }),
    onlyAsked,
    host,
    addresses,
    port,
    protocol,
    local: addresses.length > 0 && addresses.every((address) => isLoopback(address)),
    verdicts: [...new Set(rows.map(({ verdict }) => verdict))].toSorted(
      (a, b) => alarmOf(a) - alarmOf(b),
    ),
    count: rows.reduce((sum, { count }) => sum + count, 0),
    bytesOut: rows.reduce((sum, { bytesOut }) => sum + bytesOut, 0),
    firstTime: times.length === 0 ? null : Math.min(...times),
    firstSeq: Math.min(...rows.map(({ firstSeq }) => firstSeq)),
    programs: [...programs.values()],
    rows,
  }
}

/** A program with the process that it was first, where one is known. */
function withProcess(program: Program, processes: readonly Program[]): Program {
  if (program.execId !== undefined) return program
  const { exe, step } = program
  return processes.find((one) => one.exe === exe && one.step === step) ?? program
}

/** The lines of `allow` that a policy lacks for a destination; none: no line can allow it, or it needs none. */
export function allowLines({ port, protocol, local, rows }: Group): string[] {
  if (local || rows.some(({ verdict }) => verdict === 'attack-blocked')) return []
  const lines = new Map<string, boolean>()
  for (const { host, addresses, verdict, reason } of rows) {
    if (verdict === 'allowed') continue
    for (const to of addresses.length === 0 ? [''] : addresses)
      for (const { unchecked, has, ...needed } of neededLines({ host, address: to, reason })) {
        const endpoint = has ? null : endpointOf({ ...needed, port, protocol })
        if (endpoint !== null) lines.set(endpoint, unchecked || lines.get(endpoint) === true)
      }
  }
  return [...lines].map(([endpoint, unchecked]) => {
    const quoted = JSON.stringify(endpoint)
    return unchecked ? `{ endpoint: ${quoted}, names: unchecked }` : quoted
  })
}
