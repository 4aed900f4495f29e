import type { Destination, Report } from '@runwarden/events'
import { reliance } from '@runwarden/events/reliance'
import { placeOf } from '../address.ts'
import { lacking, policyEntry } from '../allowable.ts'
import { verdictMarks as marks } from './marks.ts'
import { bySeverity } from '../order.ts'
import { refusedNames } from '../refused-names.ts'
import { sensitiveActs } from '../sensitive.ts'
import {
  bytes,
  changeWords,
  counted,
  duration,
  grouped,
  missing,
  noDestination,
  protectionHeading,
  refusedHooks,
  toldBy,
  Who,
} from '../wording.ts'
import { code, fenced, sentence } from './escape.ts'
import { requestSections } from './requests.ts'
import { rowsOf, Sheet } from './sheet.ts'
import { stepsSection } from './steps.ts'

/** GitHub takes summaries of at most 1 MiB; some is left for what other steps append to one file. */
const LIMIT = 1_000_000

export interface SummaryOptions {
  /** Bytes at most. */
  limit?: number
  /** Markdown of ours that stands below the headline, e.g. a link. */
  opening?: string
  /** Where the recommended policy is from, e.g. `this and 12 earlier runs`, and what is to be said of that. */
  policyFrom?: { runs: string; remark: string | null }
}

/** The report as a CI job summary: GitHub's Markdown, at most a million bytes, with cuts said. */
export function renderSummary(report: Report, options: SummaryOptions = {}): string {
  const limit = options.limit ?? LIMIT
  // What somebody copies has its room whatever else there is to say.
  const policy = policyBlock(report.recommendedPolicy, limit / 4, options.policyFrom)
  const sheet = new Sheet(limit - Buffer.byteLength(policy))
  const who = new Who(report)
  head(sheet, report)
  if (options.opening !== undefined) sheet.add(options.opening)
  detected(sheet, report, who)
  const outside = report.destinations.filter((to) => !to.local)
  const refused = outside.filter((to) => to.verdict !== 'allowed')
  sheet.table(
    report.egress === 'block' ? '### Blocked' : '### Outside of the policy',
    ['Verdict', 'Destination', 'Count', 'Process', 'Reason'],
    rowsOf(refused, (to) => [
      `${marks[to.verdict]} ${to.verdict}`,
      place(to),
      grouped(to.count),
      processes(to, who),
      sentence(to.reason, 300),
    ]),
    200,
  )
  names(sheet, report, who)
  toAllow(sheet, report)
  if (report.steps.length > 1) stepsSection(sheet, report, outside)
  sheet.table(
    '### Allowed destinations',
    ['Destination', 'Count', 'Sent', 'Process'],
    rowsOf(
      outside.filter((to) => to.verdict === 'allowed'),
      (to) => [
        place(to),
        grouped(to.count),
        to.bytesOut > 0 ? bytes(to.bytesOut) : '',
        processes(to, who),
      ],
    ),
    100,
  )
  requestSections(sheet, report, who)
  sheet.table(
    '### Files changed by others than their writer',
    ['What', 'File', 'By', 'First writer', 'SHA-256 before', 'after'],
    rowsOf(report.changes ?? [], ({ state, path, exe, writer, before, after }) => [
      changeWords(state),
      code(who.path(path)),
      code(exe),
      writer === null ? 'before the run' : code(writer.exe),
      before === null ? '' : code(before.slice(0, 12)),
      after === null ? '' : code(after.slice(0, 12)),
    ]),
    100,
  )
  sheet.table(
    '### Sensitive files',
    ['Act', 'File', 'Why it is watched', 'Program'],
    rowsOf(sensitiveActs(report), ({ first: file, others }) => [
      file.action + (file.errno === 0 ? '' : ' (failed)'),
      code(who.path(file.path)) + (others > 0 ? ` and ${grouped(others)} more` : ''),
      sentence(file.sensitive ?? ''),
      code(file.exe),
    ]),
    100,
  )
  sheet.table(
    '### Outlived the command',
    ['Process', 'Program', 'What became of it'],
    rowsOf(report.leftOver, (process) => [
      String(process.pid),
      code(process.exe),
      process.ended ? 'ended' : 'runs on',
    ]),
    50,
  )
  return sheet.toString() + policy
}

/** The policy in a block to copy, closed until somebody opens it; what is beyond the limit is cut between lines. */
function policyBlock(text: string, limit: number, from: SummaryOptions['policyFrom']): string {
  // Nobody watched what the run did.
  if (text === '') return ''
  const lines: string[] = []
  let size = 0
  for (const line of fenced(text).trimEnd().split('\n')) {
    size += Buffer.byteLength(line) + 1
    if (size > limit) {
      lines.push('# This is not all of it: see report.html.')
      break
    }
    lines.push(line)
  }
  const remark = from?.remark == null ? '' : `${sentence(from.remark, 600)}\n\n`
  const content = `${remark}\`\`\`yaml\n${lines.join('\n')}\n\`\`\``
  const title = `Recommended policy${from === undefined ? '' : `, from ${from.runs}`}`
  return `<details><summary>${title}</summary>\n\n${content}\n\n</details>\n\n`
}

/** What may be missing is told before all else, and leaves room for it. */
const mostNotices = 30

function head(sheet: Sheet, report: Report): void {
  const sound = report.egress === 'block' ? '🛡️' : '👁️'
  const state = { none: '❌', gaps: '⚠️', sound }[reliance(toldBy(report))]
  sheet.add(`## ${state} Runwarden: ${protectionHeading(report)}\n`)
  const facts = [
    code(report.command.join(' '), 400),
    `**${report.egress}** mode`,
    ...(report.exitStatus === null ? [] : [`exit ${report.exitStatus}`]),
    ...(report.runner == null ? [] : [`runner of ${sentence(report.runner, 100)}`]),
    duration(report.endTime - report.startTime),
    counted(report.counts.processes, 'process', 'processes'),
    `tier ${report.health.tier}`,
  ]
  sheet.add(`${facts.join(' · ')}\n`)
  const said = missing(report)
  const notices = said.slice(0, mostNotices).map((text) => sentence(text, 600))
  if (said.length > mostNotices)
    notices.push(`… and ${grouped(said.length - mostNotices)} more, see report.html.`)
  const refused = refusedHooks(report)
  if (refused.length > 0)
    notices.push(
      `The kernel refused ${counted(refused.length, 'hook')}: ${sentence(refused.join(', '))}.`,
    )
  if (notices.length > 0)
    sheet.add(`> [!WARNING]\n${notices.map((text) => `> ${text}\n`).join('>\n')}`)
  if (report.destinations.every((to) => to.local)) sheet.add(`${noDestination(report)}\n`)
}

function detected(sheet: Sheet, report: Report, who: Who): void {
  sheet.table(
    '### Detections',
    ['Severity', 'What', 'By'],
    rowsOf(report.detections.toSorted(bySeverity), (found) => [
      `**${found.severity}**`,
      `**${sentence(found.title, 300)}** ${sentence(found.text, 1_000)}`,
      found.execId === null ? '' : code(who.byline(found.execId, found.step)),
    ]),
    50,
  )
  sheet.table(
    '### Suppressed detections',
    ['Detection', 'What', 'Count', 'Suppressed by'],
    rowsOf(report.suppressed ?? [], ({ id, title, count, by }) => [
      code(id),
      sentence(title, 300),
      String(count),
      sentence(by, 300),
    ]),
    50,
  )
}

function names(sheet: Sheet, report: Report, who: Who): void {
  sheet.table(
    '### Names refused or outside of the policy',
    ['Verdict', 'Name', 'Type', 'Asked server', 'Count', 'Process'],
    rowsOf(refusedNames(report), ({ first, types, servers, count }) => [
      `${marks[first.verdict]} ${first.verdict}`,
      code(first.name),
      code(types.join(', '), 80),
      code(servers.join(', '), 200),
      grouped(count),
      processes(first, who),
    ]),
    200,
  )
}

function toAllow(sheet: Sheet, report: Report): void {
  const lines = lacking(report)
  if (lines.length === 0) return
  const shown = lines
    .slice(0, 100)
    .map(
      (line) =>
        `  ${line.assumed ? '# - ' : '- '}${policyEntry(line)}${line.assumed ? ' # only its name was asked for' : ''}\n`,
    )
  const more = lines.length > 100 ? `  # and ${grouped(lines.length - 100)} more\n` : ''
  const title =
    report.egress === 'block'
      ? 'To allow what was blocked, if it is wanted:'
      : 'To keep this working in block mode:'
  sheet.add(`${title}\n\n\`\`\`yaml\nallow:\n${fenced(shown.join('') + more)}\`\`\`\n`)
}

function place(to: Destination): string {
  return code(placeOf(to))
}

function processes(of: { processes: Destination['processes'] }, who: Who): string {
  const [first] = of.processes
  if (first === undefined) return ''
  return (
    code(who.command(first, 160), 200) +
    (of.processes.length > 1 ? ` +${of.processes.length - 1}` : '')
  )
}
