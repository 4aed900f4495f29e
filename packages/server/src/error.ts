/** What a caller did wrong, or can't have: told to them as it stands here. Everything else is a 500 that tells nothing. */
export class HttpError extends Error {
  readonly statusCode: number
  /** Stable, lower case with hyphens. */
  readonly code: string
  readonly where: readonly Problem[]

  constructor(statusCode: number, code: string, message: string, where: readonly Problem[] = []) {
    super(message)
    this.name = 'HttpError'
    this.statusCode = statusCode
    this.code = code
    this.where = where
  }
}

/** One thing that is wrong with a request. */
export interface Problem {
  in: 'body' | 'query' | 'path' | 'headers'
  /** `job.repository`, `allow[3]`; empty: the whole of it. */
  at: string
  problem: string
  /** In a text of the body (a policy, a block list): place from 1, what stands there, and what it could have been. */
  line?: number
  column?: number
  text?: string
  nearest?: string | null
}

export const notFound = (what: string): HttpError =>
  new HttpError(404, 'not-found', `there is no such ${what}`)

export const badRequest = (part: Problem['in'], at: string, problem: string): HttpError =>
  new HttpError(400, 'bad-request', `${part} ${at}: ${problem}`, [{ in: part, at, problem }])
