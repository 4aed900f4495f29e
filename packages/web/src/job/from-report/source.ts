import type { Report } from '@runwarden/events'
import { plainCommand } from '@runwarden/events/plain'
import { bySeverity, toldBy } from '@runwarden/report/view'
import type { Finding, Rows, View } from '../rows.ts'
import type { JobFacts, JobSource, Step } from '../source.ts'
import { deedsOf } from './deeds.ts'
import { rowsOfReport } from './rows.ts'
import { ReportTree } from './tree.ts'

/** Rows of a page: what is in a file is there at once, and is drawn in parts. */
const limit = 500

/** A job as the report in the page's own file tells it. */
export function reportSource(report: Report): JobSource {
  const lists = rowsOfReport(report)
  const tree = new ReportTree(report)
  const findings = findingsOf(report)
  return {
    key: ['report'],
    facts: factsOf(report, lists),
    kind: 'report',
    every: false,
    page: async <V extends View>(
      view: V,
      {
        verdict = null,
        search = '',
        after = 0,
      }: { verdict?: string | null; search?: string; after?: number | undefined },
    ) => {
      const word = search.toLowerCase()
      const rows: readonly Rows[V][] = lists[view]
      const rest = rows.filter(
        (row) =>
          row.n > after &&
          (verdict === null || ('verdict' in row && row.verdict === verdict)) &&
          (word === '' || JSON.stringify(row).toLowerCase().includes(word)),
      )
      const items = rest.slice(0, limit)
      return { items, next: rest.length > limit ? (items.at(-1)?.n ?? null) : null }
    },
    findings: async () => ({ items: findings, next: null }),
    tree: async (asked, after = 0) => tree.page(asked, after, limit),
    health: async () => ({
      ...report.health,
      from: 'report',
      armedAt: report.health.armedMs === null ? null : report.startTime + report.health.armedMs,
      interrupted: report.health.interrupted ?? false,
    }),
    steps: async () => stepsOf(report),
    acts: async ({ acts = [] }) => [...acts],
    deeds: async (execId) => ({ items: deedsOf(lists, execId), next: null }),
    report: async () => report,
  }
}

const findingsOf = (report: Report): Finding[] => [
  ...report.detections
    .map((found, index): Finding => ({
      id: String(index),
      source: 'agent',
      rule: found.id,
      severity: found.severity,
      title: found.title,
      text: found.text,
      time: found.acts[0]?.time ?? report.startTime,
      step: found.step,
      execId: found.execId,
      evidence: found.evidence,
      suppressed: null,
      acts: found.acts,
    }))
    .toSorted(bySeverity),
  ...(report.suppressed ?? []).map((found, index): Finding => ({
    id: `suppressed ${index}`,
    source: 'agent',
    rule: found.id,
    severity: 'info',
    title: found.title,
    text: '',
    time: report.startTime,
    step: null,
    execId: null,
    evidence: [],
    suppressed: found.by,
  })),
]

/** A step is as long as its processes are. */
function stepsOf(report: Report): Step[] {
  const spans = new Map<string, { from: number; to: number }>()
  for (const { step, startTime, endTime } of report.processes) {
    if (step === null) continue
    const known = spans.get(step)
    spans.set(step, {
      from: Math.min(known?.from ?? startTime, startTime),
      to: Math.max(known?.to ?? 0, endTime ?? report.endTime),
    })
  }
  return report.steps.map(({ id, name }) => ({
    id,
    name,
    from: spans.get(id)?.from ?? null,
    to: spans.get(id)?.to ?? null,
  }))
}

function factsOf(report: Report, lists: { [V in View]: readonly unknown[] }): JobFacts {
  return {
    name: plainCommand(report.command, 400),
    state: 'finished',
    ...toldBy(report),
    armed: report.protection === 'armed',
    tier: report.health.tier,
    exit: report.exitStatus,
    startedAt: report.startTime,
    finishedAt: report.endTime,
    repository: report.github.repository,
    workflow: null,
    run: null,
    attempt: null,
    ref: null,
    sha: null,
    event: null,
    actor: null,
    runner: null,
    events: report.counts.events,
    rows: {
      ...Object.fromEntries(Object.entries(lists).map(([view, rows]) => [view, rows.length])),
      processes: report.counts.processes,
    },
    byVerdict: report.counts.byVerdict,
    detections: report.detections.length,
  }
}
