import { Environment } from '@marcbachmann/cel-js'
import { glob } from '@runwarden/policy'
import { hasBase64 } from './base64.ts'
import { eventViews } from './context.ts'
import { isResolverAddress, isResolverName } from './dns-resolvers.ts'
import { emptyOf, fields } from './fields.ts'
import { MemoryView } from './memories.ts'
import type { Lists } from './needs.ts'
import { processFields, ProcessView } from './process-view.ts'
import { isPlainPs } from './ps-arguments.ts'
import type { SeenKind } from './rule.ts'

/** The names that expressions may use, by kind of event. */
export class Environments {
  /** Named lists of texts, which expressions use as variables. */
  readonly lists: Lists
  readonly #base: Environment
  readonly #ofKind = new Map<SeenKind, Environment>()

  constructor(lists: Lists) {
    this.lists = lists
    this.#base = new Environment({ limits: { maxAstNodes: 2000, maxDepth: 60 } })
      .registerType('Process', { ctor: ProcessView, fields: { ...processFields } })
      .registerType('Memory', { ctor: MemoryView, fields: {} })
      .registerVariable('process', 'Process')
      .registerVariable('target', 'Process')
      .registerVariable('memory', 'Memory')
      .registerFunction('glob(string, string): bool', glob)
      .registerFunction('isDnsResolver(string): bool', isResolverName)
      .registerFunction('isDnsResolverAddress(string): bool', isResolverAddress)
      .registerFunction('isPlainPs(Process): bool', isPlainPs)
      .registerFunction('hasBase64(string): bool', hasBase64)
      .registerFunction('Memory.holds(string): bool', (memory: MemoryView, name: string) =>
        memory.holds(name, null),
      )
      .registerFunction(
        'Memory.holds(string, string): bool',
        (memory: MemoryView, name: string, value: string) => memory.holds(name, value),
      )
      .registerFunction('Memory.holdsFar(string): bool', (memory: MemoryView, name: string) =>
        memory.holdsFar(name),
      )
      .registerFunction('Memory.count(string): double', (memory: MemoryView, name: string) =>
        memory.count(name),
      )
      // Numbers of events are doubles, and those in expressions are integers.
      .registerOperator('double == int', (a: number, b: bigint) => a === Number(b))
    // A set is looked into by one step.
    for (const [name, values] of lists)
      this.#base.registerConstant(name, 'list<string>', new Set(values))
  }

  of(kind: SeenKind): Environment {
    let environment = this.#ofKind.get(kind)
    if (environment === undefined) {
      const ctor = eventViews.get(kind)
      if (ctor === undefined) throw new Error(`no view of ${kind}`)
      const types = Object.fromEntries(
        Object.entries(fields[kind]).map(([name, { type }]) => [name, type]),
      )
      environment = this.#base
        .clone()
        .registerType(kind, { ctor, fields: types })
        .registerVariable('event', kind)
      this.#ofKind.set(kind, environment)
    }
    return environment
  }
}

/** A field of a kind of events with its type; undefined: it has none of that name. */
export function fieldOf(
  kind: SeenKind,
  name: string,
): { type: string; empty: unknown } | undefined {
  const field = Object.hasOwn(fields[kind], name) ? fields[kind][name] : undefined
  return field === undefined ? undefined : { type: field.type, empty: emptyOf(field.type) }
}
