import type { Destination, ReportDns } from '@runwarden/events'
import { recommend } from '@runwarden/policy'

/** Refused names offered as comments; a flood of them would bury the policy. */
const NAMES = 200

/**
 * The policy that this run would have needed, as text. What was blocked stands in it as comments;
 * a refused name too, on the port that most need, since nobody came to know another.
 */
export function recommendedPolicy(
  destinations: readonly Destination[],
  dns: readonly ReportDns[],
): string {
  const hosts = new Set(destinations.map((to) => to.host))
  const refused = dns
    .filter((query) => query.verdict === 'blocked' && !hosts.has(query.name))
    .slice(0, NAMES)
    .map((query) => ({
      host: query.name,
      address: '',
      port: 443,
      protocol: 'tcp',
      verdict: query.verdict,
      processes: query.processes,
    }))
  return recommend([...destinations.filter((to) => !to.local), ...refused])
}
