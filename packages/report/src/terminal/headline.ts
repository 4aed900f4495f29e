import type { Verdict } from '@runwarden/events'
import { plain, plainCommand } from '@runwarden/events/plain'
import { reliance } from '@runwarden/events/reliance'
import {
  counted,
  duration,
  grouped,
  isWhole,
  missing,
  noDestination,
  protectionHeading,
  refusedHooks,
  toldBy,
} from '../wording.ts'
import { clip, wrap } from './columns.ts'
import type { Page } from './render.ts'

/** What was run, whether it was protected, and what came of it. */
export function headline({ report, paint, width }: Page): string[] {
  const state = protectionHeading(report)
  const sound = report.egress === 'block' ? 'green' : 'cyan'
  const stateStyle = ({ none: 'inverse-red', gaps: 'yellow', sound } as const)[
    reliance(toldBy(report))
  ]
  const facts = [
    `${report.egress} mode`,
    ...(report.exitStatus === null ? [] : [`exit ${report.exitStatus}`]),
    took(report),
    counted(report.counts.processes, 'process', 'processes'),
    `tier ${report.health.tier}`,
  ]
  const first = `${paint('bold', 'Runwarden')}  ${clip(plainCommand(report.command, 300), width - 11)}`
  const [stateLine = '', ...factLines] = joined([state, ...facts], width)
  const lines = [first, paint(stateStyle, state) + stateLine.slice(state.length), ...factLines]
  const counts = verdictCounts(report)
  lines.push(counts === '' ? noDestination(report) : counts)
  return lines
}

/** From the start to the end; of a command also when it began, where it had to wait for that. */
function took({ startTime, endTime, exitStatus, health: { armedMs } }: Page['report']): string {
  const whole = endTime - startTime
  const waited = exitStatus !== null && armedMs !== null && armedMs >= 1_000 && armedMs <= whole
  return waited ? `${duration(whole)}, armed after ${duration(armedMs)}` : duration(whole)
}

/** Facts beside each other, in as many lines as they need. */
function joined(facts: readonly string[], width: number): string[] {
  const lines: string[] = []
  for (const fact of facts) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 3 + fact.length <= width)
      lines[lines.length - 1] = `${last} · ${fact}`
    else lines.push(fact)
  }
  return lines
}

function verdictCounts(report: Page['report']): string {
  const { destinations, dns, http } = report
  const places = new Map<string, Set<string>>()
  const add = (verdict: string, place: string): void => {
    const known = places.get(verdict)
    if (known === undefined) places.set(verdict, new Set([place]))
    else known.add(place)
  }
  for (const to of destinations)
    if (!to.local) add(to.verdict, `${to.host ?? to.address}|${to.port}|${to.protocol}`)
  const words: string[] = []
  for (const [verdict, word] of [
    ['attack-blocked', 'on the block list'],
    ['blocked', 'blocked'],
    ['would-block', 'would be blocked'],
    ['allowed', 'allowed'],
  ] as const) {
    const count = places.get(verdict)?.size ?? 0
    if (count > 0)
      words.push(
        words.length === 0
          ? `${counted(count, 'destination')} ${word}`
          : `${grouped(count)} ${word}`,
      )
  }
  const refused = namesOf(dns, (verdict) => verdict === 'blocked' || verdict === 'attack-blocked')
  const outside = namesOf(dns, (verdict) => verdict === 'would-block')
  if (refused > 0) words.push(`${counted(refused, 'name')} refused`)
  if (outside > 0) words.push(`${counted(outside, 'name')} not in the policy`)
  for (const [verdict, word] of [
    ['blocked', 'refused'],
    ['would-block', 'outside of the HTTPS rules'],
  ] as const) {
    const count = http
      .filter((request) => request.verdict === verdict)
      .reduce((sum, request) => sum + request.count, 0)
    if (count > 0) words.push(`${counted(count, 'request')} ${word}`)
  }
  if (words.length === 0) return ''
  const atLeast = isWhole(report, 'destinations', 'dns', 'http') ? '' : 'At least '
  return `${atLeast}${words.join(', ')}.`
}

function namesOf(dns: Page['report']['dns'], of: (verdict: Verdict) => boolean): number {
  return new Set(dns.filter((query) => of(query.verdict)).map((query) => query.name)).size
}

/** What may be missing, said before anything else. */
export function notices({ report, paint, width }: Page): string[] {
  const sentences = missing(report)
  const refused = refusedHooks(report)
  if (refused.length > 0) {
    const more = refused.length > 3 ? ` and ${refused.length - 3} more` : ''
    sentences.push(
      `The kernel refused ${counted(refused.length, 'hook')}: ${refused.slice(0, 3).join(', ')}${more}.`,
    )
  }
  return sentences.flatMap((sentence) =>
    wrap(sentence, width - 2).map(
      (line, index) => `${paint('yellow', index === 0 ? '!' : ' ')} ${line}`,
    ),
  )
}

/** Where the rest is. */
export function places({ paint, width }: Page, out: readonly string[]): string[] {
  if (out.length === 0) return []
  const [first = '', ...others] = out
  return [
    `${paint('bold', 'Report')}  ${clip(plain(first), width - 8)}`,
    ...others.map((path) => `        ${clip(plain(path), width - 8)}`),
  ]
}
