import { allowingRule, type CompiledPolicy } from '@runwarden/policy'
import type { Flow } from './flows.ts'
import type { ProcessFits } from './process-fits.ts'
import { IPPROTO_TCP, IPPROTO_UDP } from './maps.ts'

/**
 * Tells which rule of a policy allows a flow; null: none does, or an HTTPS rule does and nobody follows what it asks. Flows
 * alike are decided once.
 * @param nameOf the learned name of an id
 * @param fits which processes fulfil what lines are narrowed to
 */
export function flowRules(
  compiled: CompiledPolicy,
  nameOf: (id: number) => string | null,
  fits: Pick<ProcessFits, 'fulfils'> | null,
): (flow: Flow) => number | null {
  const known = new Map<string, number | null>()
  return (flow) => {
    const who = compiled.narrowings.tag === 0 ? '' : `${flow.tgid} ${flow.start}`
    const alike = `${flow.https} ${flow.name} ${flow.address.toString('latin1')} ${flow.port} ${flow.protocol} ${who}`
    const before = known.get(alike)
    if (before !== undefined) return before
    const protocol =
      flow.protocol === IPPROTO_TCP ? 'tcp' : flow.protocol === IPPROTO_UDP ? 'udp' : 'other'
    const index = allowingRule(compiled, {
      host: nameOf(flow.name),
      address: flow.address,
      port: flow.port,
      protocol,
      fulfils: (narrowing) => fits?.fulfils(flow, narrowing) ?? false,
    })
    const { from, unseenFrom } = compiled.https
    const unseen = index !== null && index >= from && index < unseenFrom && !flow.https
    const allowed = unseen && compiled.egress === 'block' ? null : index
    known.set(alike, allowed)
    return allowed
  }
}
