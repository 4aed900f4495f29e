import type { Report, ReportDetection } from '@runwarden/events'
import type { Expected } from './replay.ts'

/** A process's programs and those of whoever made it, from the step's first process to the one that acted. */
export function chainOf(report: Report, execId: string | null): string[] {
  const nodes = new Map(report.processes.map((node) => [node.execId, node]))
  const chain: string[] = []
  const seen = new Set<string>()
  for (let at = execId; at !== null && !seen.has(at); at = nodes.get(at)?.parentExecId ?? null) {
    seen.add(at)
    const programs = (nodes.get(at)?.images ?? []).map(({ exe }) => exe.split('/').at(-1) ?? '')
    if (programs.at(-1) === 'Runner.Worker') break
    chain.unshift(...programs)
  }
  return chain
}

/** A finding as a person reads it: what it is, and the acts behind it. */
export function textOf({ title, text, acts }: ReportDetection): string {
  return [title, text, ...acts.map((act) => act.text)].join('\n')
}

/** What of the expected findings a report does not have, in words; empty: it has all of it. */
export function missing(report: Report, expected: readonly Expected[]): string[] {
  return expected.flatMap(({ id, step, chain, shows }) => {
    const found = report.detections.filter((one) => one.id === id)
    const good = found.some(
      (one) =>
        one.step === step &&
        one.acts.length > 0 &&
        textOf(one).includes(shows) &&
        inOrder(chain, chainOf(report, one.execId)),
    )
    if (good) return []
    const instead = found.map(
      (one) => `${one.step}: ${chainOf(report, one.execId).join(' > ')}: ${textOf(one)}`,
    )
    return [
      `${id} of ${step}, by ${chain.join(' > ')}, that shows ${shows}; there is: ${instead.join(' | ') || 'none'}`,
    ]
  })
}

function inOrder(wanted: readonly string[], there: readonly string[]): boolean {
  let from = 0
  for (const one of wanted) {
    const at = there.findIndex((name, index) => index >= from && name.startsWith(one))
    if (at < 0) return false
    from = at + 1
  }
  return true
}
