import { PolicyWriter } from './compose-writer.ts'
import { detectionIds } from './detections.ts'
import type { Policy } from './policy.ts'

/**
 * A policy as one document (YAML of version 1), for people: presets stand by their names, and each line of `allow` says in a
 * comment where it was read, as `file:line`. parsePolicy reads the same policy from it, but for what `lockdown` names of a
 * job's own rules: documents can't name these, and they stand in a comment.
 */
export function policyText(policy: Policy): string {
  const writer = new PolicyWriter(policy.egress, policy.failMode)
  const presets = new Set<string>()
  for (const rule of policy.rules) {
    if (rule.kind === 'endpoint' && rule.preset !== null) presets.add(rule.preset)
    else writer.rule(rule)
  }
  writer.presets([...presets])
  for (const [key, found] of [
    ['disable-sudo', policy.disableSudo],
    ['disable-sudo-and-containers', policy.disableSudoAndContainers],
    ['disable-file-monitoring', policy.disableFileMonitoring],
  ] as const)
    if (found !== null) writer.flag(key, found.on)
  const ids = policy.lockdown.map(({ detection }) => detection)
  const own = ids.filter((id) => !detectionIds.includes(id))
  writer.lockdown(ids.filter((id) => detectionIds.includes(id)))
  if (own.length > 0) writer.comment(`lockdown by rules of the job's own: ${own.join(', ')}`)
  return writer.toString()
}
