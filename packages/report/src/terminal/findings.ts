import type { ReportSuppressed } from '@runwarden/events'
import { plain } from '@runwarden/events/plain'
import { lacking, policyEntry } from '../allowable.ts'
import { bySeverity } from '../order.ts'
import { refusedNames } from '../refused-names.ts'
import { sensitiveActs } from '../sensitive.ts'
import { grouped } from '../wording.ts'
import { clip, columns, wrap } from './columns.ts'
import { severityStyle, verdictStyle } from './paint.ts'
import type { Page } from './render.ts'

const ROOM = { ofKind: 4, text: 600, suppressed: 8, names: 12, allow: 12, files: 12, leftOver: 10 }

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
    // A long command line stands in the middle, and what to do at the end.
    for (const line of wrap(clip(plain(detection.text), ROOM.text), width - 2))
      lines.push(`  ${line}`)
    if (detection.execId !== null) {
      const by = who.byline(detection.execId, detection.step)
      lines.push(paint('dim', `  by ${clip(by, width - 5)}`))
    }
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
  const refused = refusedNames(report)
  if (refused.length === 0) return []
  const outside = refused.some(({ first }) => first.verdict === 'would-block')
  const stopped = refused.some(({ first }) => first.verdict !== 'would-block')
  const title = !outside
    ? 'Names refused'
    : stopped
      ? 'Names refused or outside of the policy'
      : 'Names outside of the policy'
  const shown = refused.slice(0, ROOM.names)
  const room = Math.max(...shown.map(({ first }) => first.verdict.length))
  const lines = shown.map(({ first: query, types, count }) => {
    const [first] = query.processes
    const text = `${plain(query.name, 300)} (${plain(types.join(', '), 80)})${count > 1 ? ` ×${grouped(count)}` : ''}`
    const by = first === undefined ? '' : `  ${who.command(first, 80)}`
    const mark =
      paint(verdictStyle[query.verdict], query.verdict) + ' '.repeat(room - query.verdict.length)
    // The process is named, however long the name: who asks is half of what it says.
    const free = width - room - 2
    const who_ = clip(by, Math.floor(free / 2))
    return `${mark}  ${clip(text, free - columns(who_))}${who_}`
  })
  if (refused.length > ROOM.names)
    lines.push(paint('dim', `and ${grouped(refused.length - ROOM.names)} more`))
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
    const mark = line.assumed ? '# - ' : '- '
    const entry = policyEntry(line, quoted(line.endpoint))
    // It is there to be copied: it is whole, however long.
    const isWhole = line.entry !== null || copied.test(line.endpoint)
    const shown = isWhole ? entry : clip(entry, width - 4 - note.length)
    return `  ${mark}${shown}${paint('dim', note)}`
  })
  if (lines.length > ROOM.allow)
    shown.push(paint('dim', `  and ${grouped(lines.length - ROOM.allow)} more`))
  return [paint('bold', title), ...shown]
}

/** What an endpoint of a policy consists of. */
const copied = /^[\w.:[\]/-]{1,300}$/

/** As YAML takes it: bare where it is only a name and a port. */
function quoted(endpoint: string): string {
  const shown = plain(endpoint, 300)
  return /^[\w.-]+:\d+$/.test(shown) ? shown : `"${shown}"`
}

/** Places watched for what they hold: credentials, keys, other processes' memory. */
export function files({ report, who, paint, width }: Page): string[] {
  const acts = sensitiveActs(report)
  if (acts.length === 0) return []
  const lines = acts.slice(0, ROOM.files).map(({ first: file, others }) => {
    const failed = file.errno === 0 ? '' : ' (failed)'
    const more = others > 0 ? ` and ${grouped(others)} more` : ''
    const what = `${more}  ${plain(file.sensitive ?? '', 60)}${failed}  `
    const free = Math.max(20, width - 8 - columns(what))
    const exe = clip(plain(file.exe, 200), Math.floor(free / 2))
    const path = clip(who.path(file.path, 300), free - columns(exe))
    return `${file.action.padEnd(6)}  ${clip(path + what + exe, width - 8)}`
  })
  if (acts.length > ROOM.files)
    lines.push(paint('dim', `and ${grouped(acts.length - ROOM.files)} more`))
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
