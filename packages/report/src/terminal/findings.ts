import type { ReportDns, ReportSuppressed } from '@runwarden/events'
import { plain } from '@runwarden/events/plain'
import { lacking, policyEntry } from '../allowable.ts'
import { bySeverity } from '../order.ts'
import { grouped } from '../wording.ts'
import { clip, wrap } from './columns.ts'
import { severityStyle, verdictStyle } from './paint.ts'
import type { Page } from './render.ts'

const ROOM = { ofKind: 4, suppressed: 8, names: 12, allow: 12, files: 12, leftOver: 10 }

/** Detections, the gravest first, each with its text and the process behind it; many of one kind are folded. */
export function detections({ report, who, paint, width }: Page): string[] {
  const ofKind = new Map<string, number>()
  const lines: string[] = []
  for (const detection of report.detections.toSorted(bySeverity)) {
    const before = ofKind.get(detection.id) ?? 0
    ofKind.set(detection.id, before + 1)
    if (before >= ROOM.ofKind) continue
    const mark = detection.severity.toUpperCase()
    lines.push(
      `${paint(severityStyle[detection.severity], mark)} ${clip(plain(detection.title, 300), width - mark.length - 1)}`,
    )
    for (const line of wrap(plain(detection.text, 600), width - 2)) lines.push(`  ${line}`)
    if (detection.execId !== null)
      lines.push(paint('dim', `  by ${clip(who.byline(detection.execId), width - 5)}`))
  }
  for (const [id, count] of ofKind) {
    if (count > ROOM.ofKind)
      lines.push(paint('dim', `and ${grouped(count - ROOM.ofKind)} more ${plain(id, 60)}`))
  }
  return [
    ...(lines.length === 0 ? [] : [paint('bold', 'Detections'), ...lines]),
    ...suppressed(report.suppressed ?? []).map((line) => paint('dim', clip(line, width))),
  ]
}

/** Findings that a rule file says are expected: a line each, so that none is silent. */
function suppressed(all: readonly ReportSuppressed[]): string[] {
  const lines = all
    .slice(0, ROOM.suppressed)
    .map(
      ({ id, title, by, count }) =>
        `suppressed: ${id}${count > 1 ? ` ×${grouped(count)}` : ''}: ${plain(title, 120)} (${plain(by, 200)})`,
    )
  const more = all.length - ROOM.suppressed
  return more > 0 ? [...lines, `and ${grouped(more)} more suppressed`] : lines
}

/** Names that the resolver refused, or would have. */
export function names({ report, who, paint, width }: Page): string[] {
  const refused = new Map<string, { query: ReportDns; types: string[]; count: number }>()
  for (const query of report.dns) {
    if (query.verdict === 'allowed') continue
    const known = refused.get(query.name)
    if (known === undefined)
      refused.set(query.name, { query, types: [query.type], count: query.count })
    else {
      known.count += query.count
      if (!known.types.includes(query.type) && known.types.length < 6) known.types.push(query.type)
    }
  }
  if (refused.size === 0) return []
  const outside = report.dns.some((query) => query.verdict === 'would-block')
  const title = outside ? 'Names outside of the policy' : 'Names refused'
  const shown = [...refused.values()].slice(0, ROOM.names)
  const room = Math.max(...shown.map(({ query }) => query.verdict.length))
  const lines = shown.map(({ query, types, count }) => {
    const [first] = query.processes
    const text = `${plain(query.name, 300)} (${plain(types.join(', '), 80)})${count > 1 ? ` ×${grouped(count)}` : ''}`
    const by = first === undefined ? '' : `  ${who.command(first, 80)}`
    const mark =
      paint(verdictStyle[query.verdict], query.verdict) + ' '.repeat(room - query.verdict.length)
    return `${mark}  ${clip(text + by, width - room - 2)}`
  })
  if (refused.size > ROOM.names)
    lines.push(paint('dim', `and ${grouped(refused.size - ROOM.names)} more`))
  return [paint('bold', title), ...lines]
}

/** The lines that would allow what was blocked. */
export function allow({ report, paint, width }: Page): string[] {
  const lines = lacking(report)
  if (lines.length === 0) return []
  const audit = report.egress === 'audit'
  const title = audit
    ? 'To keep this working in block mode, allow'
    : 'To allow what was blocked, if it is wanted, add to the policy'
  const shown = lines.slice(0, ROOM.allow).map((line) => {
    const note = line.assumed ? '   # only its name was asked for' : ''
    return `  - ${clip(policyEntry(line, quoted(line.endpoint)), width - 4 - note.length)}${paint('dim', note)}`
  })
  if (lines.length > ROOM.allow)
    shown.push(paint('dim', `  and ${grouped(lines.length - ROOM.allow)} more`))
  return [paint('bold', title), ...shown]
}

/** As YAML takes it: bare where it is only a name and a port. */
function quoted(endpoint: string): string {
  const shown = plain(endpoint, 300)
  return /^[\w.-]+:\d+$/.test(shown) ? shown : `"${shown}"`
}

/** Places watched for what they hold: credentials, keys, other processes' memory. */
export function files({ report, who, paint, width }: Page): string[] {
  const sensitive = report.files.filter((file) => file.sensitive !== null)
  if (sensitive.length === 0) return []
  const lines = sensitive.slice(0, ROOM.files).map((file) => {
    const failed = file.errno === 0 ? '' : ' (failed)'
    const text = `${who.path(file.path, 300)}  ${plain(file.sensitive ?? '', 60)}${failed}  ${plain(file.exe, 200)}`
    return `${file.action.padEnd(6)}  ${clip(text, width - 8)}`
  })
  if (sensitive.length > ROOM.files)
    lines.push(paint('dim', `and ${grouped(sensitive.length - ROOM.files)} more`))
  return [paint('bold', 'Sensitive files'), ...lines]
}

/** Processes that were still there when the command had ended. */
export function leftOver({ report, paint, width }: Page): string[] {
  if (report.leftOver.length === 0) return []
  const lines = report.leftOver
    .slice(0, ROOM.leftOver)
    .map((process) =>
      clip(
        `${process.ended ? 'ended  ' : 'runs on'}  ${plain(process.exe, 200)} (pid ${process.pid})`,
        width,
      ),
    )
  if (report.leftOver.length > ROOM.leftOver)
    lines.push(paint('dim', `and ${grouped(report.leftOver.length - ROOM.leftOver)} more`))
  return [paint('bold', 'Outlived the command'), ...lines]
}
