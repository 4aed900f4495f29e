import { AgentError } from '../errors.ts'
import type { ExemptSettings } from './exempt.ts'
import type { ScopeSettings } from './scope-settings.ts'

/** What a new configuration means for the scopes that there are. */
export interface Plan<Scope> {
  stays: [Scope, ScopeSettings][]
  /** Those of them that only a new watch can follow. */
  changed: Set<Scope>
  comes: ScopeSettings[]
  goes: Scope[]
}

/** @throws AgentError for what needs a restart */
export function planReload<Scope extends { settings: ScopeSettings }>(
  scopes: readonly Scope[],
  next: readonly ScopeSettings[],
): Plan<Scope> {
  requireNames(next)
  const names = new Set(next.map(({ name }) => name))
  const plan: Plan<Scope> = { stays: [], changed: new Set(), comes: [], goes: [] }
  for (const settings of next) {
    const scope = scopes.find((one) => one.settings.name === settings.name)
    const sameCgroup = scopes.find((one) => one.settings.cgroup === settings.cgroup)
    if (scope !== sameCgroup)
      throw restart(`the scope '${settings.name}' has another name or cgroup than before`)
    if (scope === undefined) {
      plan.comes.push(settings)
      continue
    }
    requireNoFewer(settings.name, scope.settings.exempt, settings.exempt)
    plan.stays.push([scope, settings])
    if (watchKey(scope.settings) !== watchKey(settings)) plan.changed.add(scope)
  }
  plan.goes = scopes.filter(({ settings }) => !names.has(settings.name))
  return plan
}

/** @throws AgentError where two scopes have one name: one of them would be forgotten, and nobody told */
export function requireNames(scopes: readonly ScopeSettings[]): void {
  const names = scopes.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw restart(`two scopes have the name '${twice}'`, 'give each a "name:" of its own')
}

function watchKey({ workspace, exempt, uplinks, rulesVersion }: ScopeSettings): string {
  return JSON.stringify([workspace, exempt, uplinks, rulesVersion ?? ''])
}

/** Processes and sockets that are exempt already would stay so. */
function requireNoFewer(name: string, before: ExemptSettings, after: ExemptSettings): void {
  for (const what of ['cgroups', 'programs', 'presets'] as const) {
    const gone = before[what].find((one) => !after[what].includes(one))
    if (gone !== undefined) throw restart(`the scope '${name}' exempts ${gone} no more`)
  }
}

function restart(what: string, advice = 'restart the agent to have it so'): AgentError {
  return new AgentError('RELOAD', what, advice)
}
