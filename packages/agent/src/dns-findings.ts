import type { Severity } from '@runwarden/events'
import type { Tunnel } from './tunnels.ts'

/** What is found, before it has an event to stand on. */
interface DnsFinding {
  id: string
  /** Told once for each. */
  about: string
  severity: Severity
  title: string
  text: string
}

/** @param by the program that asked last */
export function tunnelFinding({ zone, refused, counts }: Tunnel, by: string): DnsFinding {
  const { names, characters, longNames, encodedNames, types, order } = counts
  const below = zone === '' ? 'the root (names of one label)' : zone
  const what = `Within the last hour ${names} different names below ${below} were asked, ${longNames} of them very long and ${encodedNames} that look encoded, with ${characters} new characters; of ${types} record types, and in an order that can tell ${Math.round(order / 8)} bytes; ${by} asked last. Queries like these carry data to whoever runs the zone: so do DNS tunnels.`
  const then = refused
    ? 'They were refused and never left this machine. Find out what started this program.'
    : `They went out. Look at the names in the dns.query events. If they are what this job is for, allow the exact names that it needs instead of a wildcard; if not, treat all that the job could read as taken, replace its secrets, and take ${below} out of the policy.`
  return {
    id: 'exfiltration-attempt',
    about: `dns ${zone} ${refused ? 'refused' : 'left'}`,
    severity: refused ? 'medium' : 'high',
    title: `the names asked below ${below} carry data`,
    text: `${what} ${then}`,
  }
}
