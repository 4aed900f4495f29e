import { Environments } from './environment.ts'
import { compileExpression, compileTemplate, type Expression } from './expression.ts'
import type { Need } from './needs.ts'
import type { Memory, Rule, RuleSet, SeenKind } from './rule.ts'

type Kept = readonly (readonly [SeenKind, string, readonly Need[] | null])[]
type KeptRule = Omit<Rule, 'when' | 'about' | 'title' | 'explanation' | 'advice'> & {
  readonly [part in 'when' | 'about' | 'title' | 'explanation' | 'advice']: Kept
}
type KeptMemory = Omit<Memory, 'when' | 'value'> & {
  readonly when: Kept
  readonly value: Kept | null
}

/** Rules that were read and checked before, without their tests, as JSON can hold them. */
export interface PreparedRules {
  readonly lists: Readonly<Record<string, readonly string[]>>
  readonly memories: readonly KeptMemory[]
  readonly rules: readonly KeptRule[]
}

/** What `restoreRules` takes. Suppressions are not kept: nobody prepares any. */
export function prepareRules({ lists, memories, rules }: RuleSet): PreparedRules {
  return {
    lists: Object.fromEntries(lists),
    memories: memories.map((memory) => ({
      ...memory,
      when: keep(memory.when),
      value: memory.value === null ? null : keep(memory.value),
    })),
    rules: rules.map((rule) => ({
      ...rule,
      when: keep(rule.when),
      about: keep(rule.about),
      title: keep(rule.title),
      explanation: keep(rule.explanation),
      advice: keep(rule.advice),
      tests: [],
    })),
  }
}

function keep(expressions: ReadonlyMap<SeenKind, Expression<unknown>>): Kept {
  return [...expressions].map(([kind, { source, needs }]) => [kind, source, needs])
}

/** The same rules again. Each expression is compiled when an event first asks for it: most never are. */
export function restoreRules(prepared: PreparedRules): RuleSet {
  const lists = new Map(Object.entries(prepared.lists))
  const environments = new Environments(lists)
  const names = new Set(prepared.memories.map(({ name }) => name))
  const expressions = <T>(kept: Kept, type: 'bool' | 'string'): Map<SeenKind, Expression<T>> =>
    restore(kept, (kind, source) =>
      compileExpression<T>(environments.of(kind), source, type, names, lists),
    )
  const templates = (kept: Kept): Map<SeenKind, Expression<string>> =>
    restore(kept, (kind, source) => compileTemplate(environments.of(kind), source, names, lists))
  return {
    lists,
    memories: prepared.memories.map((memory) => ({
      ...memory,
      when: expressions<boolean>(memory.when, 'bool'),
      value: memory.value === null ? null : expressions<string>(memory.value, 'string'),
    })),
    rules: prepared.rules.map((rule) => ({
      ...rule,
      when: expressions<boolean>(rule.when, 'bool'),
      about: expressions<string>(rule.about, 'string'),
      title: templates(rule.title),
      explanation: templates(rule.explanation),
      advice: templates(rule.advice),
    })),
    suppressions: [],
  }
}

function restore<T>(
  kept: Kept,
  compile: (kind: SeenKind, source: string) => Expression<T>,
): Map<SeenKind, Expression<T>> {
  return new Map(
    kept.map(([kind, source, needs]) => {
      let compiled: Expression<T> | undefined
      return [
        kind,
        { source, needs, run: (context) => (compiled ??= compile(kind, source)).run(context) },
      ]
    }),
  )
}
