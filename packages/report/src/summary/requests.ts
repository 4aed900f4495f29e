import type { Report, ReportTokenCall } from '@runwarden/events'
import { grantedBeside } from '../permissions.ts'
import { bytes, grouped, opaqueWords, statusesOf, Who } from '../wording.ts'
import { code, fenced, sentence } from './escape.ts'
import { verdictMarks } from './marks.ts'
import { rowsOf, type Sheet } from './sheet.ts'

/** Requests, what was not read, and what the job's token needs. */
export function requestSections(sheet: Sheet, report: Report, who: Who): void {
  const { http, opaque } = report
  const program = (processes: Report['http'][number]['processes']): string => {
    const [first] = processes
    if (first === undefined) return ''
    const others = processes.length > 1 ? ` +${processes.length - 1}` : ''
    return code(who.command(first, 160), 200) + others
  }
  const cells = (one: Report['http'][number], ...before: string[]): string[] => [
    ...before,
    code(one.method, 40),
    code(`${one.scheme}://${one.host}${one.path}`),
    sentence(statusesOf(one), 100),
    grouped(one.count),
    bytes(one.requestBytes),
    bytes(one.responseBytes),
    program(one.processes),
  ]
  const header = ['Method', 'To', 'Status', 'Count', 'Up', 'Down', 'Process']
  sheet.table(
    '### HTTPS requests refused or outside of the policy',
    ['Verdict', ...header],
    rowsOf(
      http.filter(({ verdict }) => verdict !== 'allowed'),
      (one) => cells(one, `${verdictMarks[one.verdict]} ${one.verdict}`),
    ),
    100,
  )
  const allowed = http.filter(({ verdict }) => verdict === 'allowed')
  sheet.foldedTable(
    'HTTPS requests',
    header,
    rowsOf(allowed, (one) => cells(one)),
    100,
  )
  sheet.table(
    '### HTTPS traffic that stayed opaque',
    ['Program', 'Host', 'Why', 'Connections', 'Sent'],
    rowsOf(opaque, (one) => [
      code(one.exe),
      one.host === null ? '' : code(one.host),
      sentence(opaqueWords(one.reason)),
      grouped(one.connections),
      bytes(one.bytesSent),
    ]),
    50,
  )
  permissions(sheet, report)
}

const meanings: Record<ReportTokenCall['meaning'], string> = {
  needed: 'needs',
  none: 'needs nothing',
  unknown: 'not known',
  'other-token': 'another token',
  outside: 'another repository: GITHUB_TOKEN only reads what is public there',
}

function permissions(sheet: Sheet, report: Report): void {
  const { minimumPermissions: block, tokenCalls } = report
  if (block === null || tokenCalls.length === 0) return
  sheet.add(`### Minimum token permissions\n\n\`\`\`yaml\n${fenced(block)}\`\`\`\n`)
  const beside = grantedBeside(report)
  if (beside.length > 0) sheet.add(`${beside.map((text) => `- ${sentence(text)}\n`).join('')}`)
  sheet.table(
    '#### Calls of GitHub with a token',
    ['Call', 'Repository', 'Count', 'Needs', 'Program'],
    rowsOf(tokenCalls, (call) => [
      code(call.endpoint),
      call.repository === null ? '' : code(call.repository),
      grouped(call.count),
      call.meaning === 'needed'
        ? sentence(call.needs.join(call.together === 'all' ? ', ' : ' or '))
        : meanings[call.meaning],
      call.programs.map((program) => code(program, 100)).join(', '),
    ]),
    100,
  )
}
