/** Detections as data: rules in CEL over events, with what is remembered between them. */
export { loadBuiltinRules } from './builtin.ts'
export type { World } from './context.ts'
export { isResolverAddress, isResolverName } from './dns-resolvers.ts'
export { Engine, type EngineParts, type Found } from './engine.ts'
export type { ProcessFacts } from './process-view.ts'
export type { Role, Rule, RuleSet } from './rule.ts'
export type { JobNames } from './suppress.ts'
