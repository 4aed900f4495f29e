import { type Engine, findEngines } from '../harden/engines.ts'

/**
 * What a policy does not hold for: engines' daemons outside of the scope make containers there.
 * @param inside ids of the scope's processes
 * @returns a sentence; undefined: there are none
 */
export function enginesOutside(
  inside: readonly number[],
  engines: readonly Pick<Engine, 'pid' | 'name'>[] = findEngines(),
): string | undefined {
  const scope = new Set(inside)
  const outside = engines.filter(({ pid }) => !scope.has(pid))
  if (outside.length === 0) return undefined
  const named = outside.map(({ pid, name }) => `${name} (process ${pid})`).join(', ')
  return `${named} makes containers outside of this job's scope: those that the job asks for are not under its policy and not in this report, only that it asked (container-engine-used): take the engine away with disable-sudo, or have a machine for this job alone`
}
