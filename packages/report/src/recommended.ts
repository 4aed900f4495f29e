import type { Destination, ReportDns } from '@runwarden/events'
import { recommend } from '@runwarden/policy'

/** Names offered as comments; a flood of them would bury the policy. */
const NAMES = 200

/**
 * The policy that this run would have needed, as text. What was blocked stands in it as comments;
 * a refused name too, and one that was answered and led to no connection, on the port that most need,
 * since nobody came to know another.
 */
export function recommendedPolicy(
  destinations: readonly Destination[],
  dns: readonly ReportDns[],
): string {
  const hosts = new Set(destinations.map((to) => to.host))
  const names = dns
    .filter(
      ({ name, type, verdict, rcode }) =>
        !hosts.has(name) &&
        // A reverse name goes with the line of its address.
        (verdict === 'blocked' ||
          (verdict === 'would-block' && rcode === 'NOERROR' && type !== 'PTR')),
    )
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
  return recommend([...destinations.filter((to) => !to.local), ...names])
}
