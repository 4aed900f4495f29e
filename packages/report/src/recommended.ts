import type { Destination, Report, ReportDns, ReportHttp } from '@runwarden/events'
import { recommend } from '@runwarden/policy'
import { onlyAsked } from './allowable.ts'

/** Names offered as comments; a flood of them would bury the policy. */
const NAMES = 200

/**
 * The policy that this run would have needed, as text. What was blocked stands in it as comments;
 * a refused name too, and one that was answered and led to no connection, on the port that most need,
 * since nobody came to know another. Empty: nobody watched what the run did.
 */
export function recommendedPolicy(
  destinations: readonly Destination[],
  dns: readonly ReportDns[],
  http: readonly ReportHttp[],
  { protection, policyLines }: Pick<Report, 'protection' | 'policyLines'>,
): string {
  if (protection !== 'armed' && destinations.length + dns.length === 0) return ''
  const names = onlyAsked({ destinations, dns })
    .slice(0, NAMES)
    .map((query) => ({
      host: query.name,
      address: '',
      port: 443,
      protocol: 'tcp',
      verdict: query.verdict,
      onlyAsked: true,
      processes: query.processes,
    }))
  return recommend([...destinations.filter((to) => !to.local), ...names], {
    lines: policyLines ?? [],
    requests: http,
  })
}
