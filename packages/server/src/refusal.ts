import type { z } from 'zod'
import { HttpError, type Problem } from './error.ts'

/** What an answer says of all that is wrong. */
const mostTold = 20

/** What is wrong with a request, as its schema says. */
export function refusal(part: Problem['in'], issues: readonly z.core.$ZodIssue[]): HttpError {
  const where = issues.slice(0, mostTold).map(({ path, message }) => ({
    in: part,
    at: path
      .map((one) => (typeof one === 'number' ? `[${one}]` : `.${String(one)}`))
      .join('')
      .replace(/^\./, ''),
    problem: message,
  }))
  const [first] = where
  const said = `${part}${first?.at === '' ? '' : ` ${first?.at}`}: ${first?.problem}`
  return new HttpError(400, 'bad-request', said, where)
}
