import type { ASTNode } from '@marcbachmann/cel-js'

/** One field must have one of these texts or, where it is a list, hold one of them. */
export interface Need {
  readonly of: 'event' | 'process'
  readonly field: string
  readonly values: readonly string[]
}

/** Named lists of texts. */
export type Lists = ReadonlyMap<string, readonly string[]>

/**
 * What must be so for a condition to hold, one of these at least; null: nothing is known. The engine looks rules up by it,
 * so that most are never asked.
 */
export function needsOf(node: ASTNode, lists: Lists): readonly Need[] | null {
  switch (node.op) {
    case '&&':
      return needsOf(node.args[0], lists) ?? needsOf(node.args[1], lists)
    case '||': {
      const left = needsOf(node.args[0], lists)
      const right = left && needsOf(node.args[1], lists)
      return left && right && [...left, ...right]
    }
    case '==':
    case 'in': {
      const values = textsOf(node, lists)
      return values && fieldOf(node.args[0], values)
    }
    case 'rcall': {
      const [name, receiver, [variable, holds]] = node.args
      if (name !== 'exists' || variable?.op !== 'id' || holds === undefined) return null
      const values = elementsOf(holds, variable.args, lists)
      return values && fieldOf(receiver, values)
    }
    default:
      return null
  }
}

function fieldOf(node: ASTNode, values: readonly string[]): readonly Need[] | null {
  if (node.op !== '.' || node.args[0].op !== 'id') return null
  const of = node.args[0].args
  return of === 'event' || of === 'process' ? [{ of, field: node.args[1], values }] : null
}

/** The texts that the left side of an equation can be. */
function textsOf(node: ASTNode & { op: '==' | 'in' }, lists: Lists): readonly string[] | null {
  const right = node.args[1]
  if (node.op === '==') return literals([right])
  if (right.op === 'list') return literals(right.args)
  return right.op === 'id' ? (lists.get(right.args) ?? null) : null
}

function literals(nodes: readonly ASTNode[]): readonly string[] | null {
  const texts = nodes.flatMap((one) =>
    one.op === 'value' && typeof one.args === 'string' ? one.args : [],
  )
  return texts.length > 0 && texts.length === nodes.length ? texts : null
}

/** The texts that an element can be, for a condition of it to hold. */
function elementsOf(node: ASTNode, variable: string, lists: Lists): readonly string[] | null {
  if (node.op === '&&')
    return elementsOf(node.args[0], variable, lists) ?? elementsOf(node.args[1], variable, lists)
  if (node.op === '||') {
    const left = elementsOf(node.args[0], variable, lists)
    const right = left && elementsOf(node.args[1], variable, lists)
    return left && right && [...left, ...right]
  }
  if (node.op !== '==' && node.op !== 'in') return null
  const [left] = node.args
  return left.op === 'id' && left.args === variable ? textsOf(node, lists) : null
}
