import type { CompiledPolicy } from '@runwarden/policy'

export type ObservedPlatform = 'darwin' | 'win32'

const systems: Record<ObservedPlatform, string> = { darwin: 'macOS', win32: 'Windows' }

/** Whether this is a system that is observed, and not protected. */
export function isObserved(platform: string): platform is ObservedPlatform {
  return Object.hasOwn(systems, platform)
}

/** What a record of an observed machine does not have: every sentence holds for all such records. */
export function observedGaps(platform: ObservedPlatform, alone: boolean): string[] {
  const system = systems[platform]
  return [
    `Nothing can be blocked on ${system}: everything passed, whatever its verdict.`,
    `Observing ${system} is a first version that was not tested on a real ${system} machine.`,
    'The machine was looked at about once a second: processes and connections that began and ended between two looks are not here, and a connection may be one that another machine made to this one.',
    'Not seen at all: UDP (DNS queries, QUIC), ICMP and raw sockets, bytes sent, HTTPS requests, files, and what changes the machine’s protection. No detections were made but those that this report lists.',
    platform === 'darwin'
      ? 'Names are guesses: an address has the name that the policy allows and that leads to it; other destinations have none. Connections of other users’ processes, those under sudo too, may be missing.'
      : 'Names are guesses: an address has a name that the machine’s DNS cache has for it. Programs of other users may show their name alone.',
    'Which step did something is not known.',
    alone
      ? 'A process that left the runner’s tree between two looks is told without its parent.'
      : 'A process that left the runner’s tree between two looks is not told.',
    'The observer is a process of the job’s own user: a step can end it, or keep things from it.',
  ]
}

/** What of a policy beside its endpoints has no effect here. */
export function policyGaps(platform: ObservedPlatform, compiled: CompiledPolicy): string[] {
  const without = (what: string): string => `${what} has no effect on ${systems[platform]}.`
  return [
    ...(compiled.hardening === 'none' ? [] : [without(`disable-${compiled.hardening}`)]),
    ...(compiled.lockdown.length > 0 ? [without('lockdown')] : []),
    ...(compiled.https.lines.length > 0 ? [without('Methods and paths of HTTPS rules')] : []),
  ]
}
