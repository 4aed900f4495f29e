import type { Report } from '@runwarden/events'
import { renderSummary } from '@runwarden/report'

/** What the job's summary says beside its report. */
export interface SummaryExtra {
  /** The job at the control plane; null: there is none. */
  insightsUrl: string | null
  /** Aggregated with earlier runs; null: the report's own. */
  recommendedPolicy: string | null
}

/** GitHub takes 1 MiB of one step; 24 KiB are left for what else is appended to the file. */
const LIMIT = 1_048_576 - 24_576

/** The Markdown for GITHUB_STEP_SUMMARY, below 1 MiB whatever the job did. */
export function jobSummary(report: Report, extra: SummaryExtra): string {
  const { insightsUrl, recommendedPolicy } = extra
  return renderSummary(recommendedPolicy === null ? report : { ...report, recommendedPolicy }, {
    limit: LIMIT,
    ...(insightsUrl === null ? {} : { opening: insightsLink(insightsUrl) }),
  })
}

/** The line that leads to the job at the control plane. */
function insightsLink(url: string): string {
  const href = new URL(url).href.replaceAll(
    /[()<>\\[\]|`*_~"']/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `[View security insights and recommended policy](<${href}>)\n`
}
