import { type BlockList, compile, type CompiledPolicy, PolicyError } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { HttpError, type Problem } from '../error.ts'

/** Bytes of a policy as JSON has it: the answer to a job's start holds four of them, and a block list. */
const longest = 256 << 10

/**
 * Reads a policy that somebody wants to save or try.
 * @param name how its lines are told: `release:4`
 * @throws HttpError (400, `policy-invalid`) with every problem: line, column, the text there, and the nearest valid form
 */
export function checkPolicy(text: string, name: string, blockList?: BlockList): CompiledPolicy {
  const size = Buffer.byteLength(JSON.stringify(text))
  if (size > longest) {
    const problem = `a stored policy has at most ${longest} bytes, this has ${size}`
    throw new HttpError(400, 'policy-invalid', `body text: ${problem}`, [
      { in: 'body', at: 'text', problem },
    ])
  }
  try {
    return compile(parsePolicy(text, name), blockList)
  } catch (error) {
    if (error instanceof PolicyError) throw invalid(error, 'text')
    throw error
  }
}

/** What is wrong in a text of the body, place by place. */
export function invalid({ problems, message }: PolicyError, at: string): HttpError {
  const where = problems.slice(0, 50).map(({ line, column, text, what, nearest }): Problem => ({
    in: 'body',
    at,
    problem: what,
    line,
    column,
    text,
    nearest,
  }))
  return new HttpError(400, 'policy-invalid', message, where)
}
