import type { Recommendation, Report } from '@runwarden/events'
import { formatEndpoint, PolicyError } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { counted, renderSummary, sentence } from '@runwarden/report'

/** What the job's summary says beside its report. */
export interface SummaryExtra {
  /** The job at the control plane, http or https; null: there is none. */
  insightsUrl: string | null
  /** Of the control plane; null: there is none. */
  recommendation: Recommendation | null
}

/** The policy to recommend, and what it rests on. */
export interface Recommended {
  policy: string
  /** null: nobody knows of other runs than this one. */
  from: { runs: string; remark: string | null } | null
}

/** Of the control plane with earlier runs, where it has said one; else of this run. */
export function recommendedFor(
  { recommendedPolicy }: Pick<Report, 'recommendedPolicy'>,
  recommendation: Recommendation | null,
): Recommended {
  if (recommendation === null) return { policy: recommendedPolicy, from: null }
  if ('failure' in recommendation) {
    const remark = `Earlier runs are not in it: ${recommendation.failure}.`
    return { policy: recommendedPolicy, from: { runs: 'this run alone', remark } }
  }
  const { text, earlierRuns } = recommendation
  if (earlierRuns === 0) {
    const remark = 'The control plane knows of no earlier run of this job.'
    return { policy: recommendedPolicy, from: { runs: 'this run alone', remark } }
  }
  const runs = `this and ${counted(earlierRuns, 'earlier run')}`
  return { policy: text, from: { runs, remark: null } }
}

/** GitHub takes 1 MiB of one step; 24 KiB are left for what else is appended to the file. */
const limit = 1_048_576 - 24_576
/** Beyond it, the policy is better kept in a file. */
const longestInputs = 65_536

/** The Markdown for GITHUB_STEP_SUMMARY, below 1 MiB whatever the job did. */
export function jobSummary(report: Report, extra: SummaryExtra): string {
  const { policy: recommendedPolicy, from } = recommendedFor(report, extra.recommendation)
  const inputs = asInputs(recommendedPolicy)
  const opening = extra.insightsUrl === null ? '' : insightsLink(extra.insightsUrl)
  return (
    renderSummary(
      { ...report, recommendedPolicy },
      {
        limit: limit - Buffer.byteLength(inputs),
        ...(opening === '' ? {} : { opening }),
        ...(from === null ? {} : { policyFrom: from }),
      },
    ) + inputs
  )
}

/** The summary of a job that was not watched. */
export function notProtected(reason: string): string {
  return `## ❌ Runwarden: NOT PROTECTED\n\n${sentence(reason, 5000)}\n`
}

/** The line that leads to the job at the control plane. */
function insightsLink(text: string): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return ''
  const href = url.href.replaceAll(
    /[^\w:/?#@!$&+,;=.%-]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
  return `[View security insights and recommended policy](${href})\n`
}

/** Of this job alone, allowed by the action itself, and another one in the next run. */
const ownHosts =
  /\.actions\.githubusercontent\.com:443$|^productionresultssa\d+\.blob\.core\.windows\.net:443$/

/** The policy as a workflow gives it to the action; empty: it needs more than a list of endpoints, or there are none. */
function asInputs(policy: string): string {
  const endpoints = endpointsOf(policy).filter((one) => !ownHosts.test(one))
  const list = endpoints.map((one) => `    ${one}\n`).join('')
  if (endpoints.length === 0 || list.length > longestInputs) return ''
  const block = `with:\n  egress-policy: block\n  allowed-endpoints: |\n${list}`
  return `<details><summary>The same as inputs of the action</summary>\n\n\`\`\`yaml\n${block}\`\`\`\n\n</details>\n`
}

function endpointsOf(policy: string): string[] {
  try {
    const { rules } = parsePolicy(policy, 'recommended')
    const plainly = rules.every(
      (rule) =>
        rule.kind === 'endpoint' &&
        rule.names === 'checked' &&
        rule.steps.length + rule.exe.length === 0,
    )
    return plainly ? rules.map(({ endpoint }) => formatEndpoint(endpoint)) : []
  } catch (error) {
    if (error instanceof PolicyError) return []
    throw error
  }
}
