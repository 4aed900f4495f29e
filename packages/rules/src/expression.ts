import { type ASTNode, type Environment, EvaluationError, ParseError } from '@marcbachmann/cel-js'
import type { Context } from './context.ts'
import { type Lists, type Need, needsOf } from './needs.ts'

/** A CEL expression of one type over the events of one kind, or a text with the values of some in it. */
export interface Expression<T> {
  readonly source: string
  /** @throws EvaluationError of the CEL library when it has no value for this event */
  run(context: Context): T
  /** What must be so for the expression to hold, one of these; null: nothing is known. */
  readonly needs: readonly Need[] | null
}

/** What is wrong in an expression, and where, in characters from its beginning. */
export class ExpressionError extends Error {
  readonly code = 'EXPRESSION'
  readonly offset: number

  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ExpressionError'
    this.offset = offset
  }
}

const known = { bool: ['bool'], string: ['string'], text: ['string', 'double', 'int', 'bool'] }

/**
 * Reads and checks an expression: all names and types are known then.
 * @param memories names that memory.holds() and memory.count() may ask for
 * @param lists named lists of texts
 * @throws ExpressionError
 */
export function compileExpression<T>(
  environment: Environment,
  source: string,
  wanted: keyof typeof known,
  memories: ReadonlySet<string>,
  lists: Lists,
): Expression<T> {
  const parsed = parse(environment, source)
  for (const node of nodesOf(parsed.ast)) refuseNode(node, memories)
  const checked = parsed.check()
  if (checked.error !== undefined) throw expressionError(checked.error)
  if (!known[wanted].includes(checked.type ?? '')) {
    throw new ExpressionError(
      `is of type ${checked.type} where ${wanted === 'bool' ? 'true or false' : 'a text'} is needed`,
      0,
    )
  }
  return {
    source,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type was checked above
    run: (context) => parsed(context as unknown as Record<string, unknown>) as T,
    needs: needsOf(parsed.ast, lists),
  }
}

function parse(environment: Environment, source: string) {
  try {
    return environment.parse(source)
  } catch (error) {
    throw expressionError(error)
  }
}

function expressionError(error: unknown): ExpressionError {
  const cel = error as { summary?: string; message: string; range?: { start: number } }
  return new ExpressionError(cel.summary ?? cel.message, cel.range?.start ?? 0, { cause: error })
}

/** What went wrong while an expression ran. */
export function describeFailure(error: unknown): string {
  if (error instanceof EvaluationError || error instanceof ParseError) return error.summary
  return error instanceof Error ? error.message : String(error)
}

function refuseNode(node: ASTNode, memories: ReadonlySet<string>): void {
  if (node.op !== 'rcall') return
  const [name, receiver, args] = node.args
  if (name === 'matches')
    throw new ExpressionError(
      "a regular expression can take for ever on a text that a job chose: use glob(text, '**pattern**')",
      node.pos,
    )
  if (receiver.op !== 'id' || receiver.args !== 'memory') return
  const [first] = args
  if (first?.op !== 'value' || typeof first.args !== 'string')
    throw new ExpressionError('memory is asked for a name in quotes', node.pos)
  if (!memories.has(first.args))
    throw new ExpressionError(`nothing is remembered as '${first.args}'`, first.pos)
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}

/** All nodes of an expression, also those within macros. */
function nodesOf(root: ASTNode): Set<ASTNode> {
  const nodes = new Set<ASTNode>([root])
  const look = (value: unknown): void => {
    if (isNode(value)) nodes.add(value)
    else if (Array.isArray(value)) value.forEach(look)
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(look)
  }
  // A set's iteration goes on with what is added on the way.
  for (const node of nodes) look(node.args)
  return nodes
}

/**
 * Reads a text with expressions in braces; `{{` is a brace.
 * @throws ExpressionError
 */
export function compileTemplate(
  environment: Environment,
  source: string,
  memories: ReadonlySet<string>,
  lists: Lists,
): Expression<string> {
  const parts: (string | Expression<unknown>)[] = []
  let literal = ''
  for (let at = 0; at < source.length; at++) {
    const char = source[at] as string
    if (char !== '{') literal += char
    else if (source[at + 1] === '{') {
      literal += '{'
      at++
    } else {
      const end = closing(source, at + 1)
      if (end < 0) throw new ExpressionError('a "{" has no "}": write "{{" for a brace', at)
      parts.push(literal)
      literal = ''
      try {
        parts.push(
          compileExpression(environment, source.slice(at + 1, end), 'text', memories, lists),
        )
      } catch (error) {
        if (error instanceof ExpressionError)
          throw new ExpressionError(error.message, at + 1 + error.offset, { cause: error })
        throw error
      }
      at = end
    }
  }
  parts.push(literal)
  return {
    source,
    run: (context) =>
      parts.map((part) => (typeof part === 'string' ? part : clip(part.run(context)))).join(''),
    needs: null,
  }
}

/** Where the expression that begins at `from` has its brace: not within quotes. */
function closing(source: string, from: number): number {
  let quote = ''
  for (let at = from; at < source.length; at++) {
    const char = source[at] as string
    if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
    else if (char === '}') return at
  }
  return -1
}

/** Texts of the job can be long. */
const longest = 400

function clip(value: unknown): string {
  const text = String(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
