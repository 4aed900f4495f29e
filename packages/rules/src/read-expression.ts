import type { DocumentReader, Entry } from '@runwarden/policy/document'
import { isScalar } from 'yaml'
import type { Environments } from './environment.ts'
import {
  compileExpression,
  compileTemplate,
  type Expression,
  ExpressionError,
} from './expression.ts'
import type { SeenKind } from './rule.ts'

/** What reading a file's expressions needs. */
export interface Parts {
  readonly reader: DocumentReader
  readonly environments: Environments
  /** What may be asked of memory. */
  readonly names: ReadonlySet<string>
}

/** An expression for each kind of event that a rule is for. An error is told once, for the first that has it. */
export function readExpression<T>(
  { reader, environments, names }: Parts,
  entry: Entry | undefined,
  kinds: readonly SeenKind[],
  type: 'bool' | 'string',
): Map<SeenKind, Expression<T>> {
  return forKinds(reader, entry, kinds, (text, kind) =>
    compileExpression<T>(environments.of(kind), text, type, names, environments.lists),
  )
}

/** A text with expressions in braces, for each kind. */
export function readTemplate(
  { reader, environments, names }: Parts,
  entry: Entry | undefined,
  kinds: readonly SeenKind[],
): Map<SeenKind, Expression<string>> {
  return forKinds(reader, entry, kinds, (text, kind) =>
    compileTemplate(environments.of(kind), text.trim(), names, environments.lists),
  )
}

function forKinds<T>(
  reader: DocumentReader,
  entry: Entry | undefined,
  kinds: readonly SeenKind[],
  compile: (text: string, kind: SeenKind) => T,
): Map<SeenKind, T> {
  const made = new Map<SeenKind, T>()
  if (entry === undefined) return made
  const text = reader.text(entry.value)
  if (text === null) return made
  for (const kind of kinds) {
    try {
      made.set(kind, compile(text, kind))
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      const about = kinds.length > 1 ? ` (for ${kind})` : ''
      reader.problems.push({
        ...reader.where(offsetIn(reader.source, entry.value, text, error.offset)),
        text: text.slice(error.offset, error.offset + 60),
        what: `${error.message}${about}`,
        nearest: null,
      })
      break
    }
  }
  return made
}

/** Where a character of a scalar's value stands in the document: quotes, folds and indents come between. */
function offsetIn(source: string, node: unknown, value: string, offset: number): number {
  let at = isScalar(node) ? (node.range?.[0] ?? 0) : 0
  if (source[at] === '>' || source[at] === '|') at = source.indexOf('\n', at)
  else if (source[at] === '"' || source[at] === "'") at++
  for (let i = 0; i < offset && at < source.length; i++) {
    const wanted = value[i] as string
    if (/\s/.test(wanted)) while (/\s/.test(source[at] ?? 'x')) at++
    else {
      while (at < source.length && source[at] !== wanted) at++
      at++
    }
  }
  while (/\s/.test(source[at] ?? 'x')) at++
  return at
}
