import type { ErrorBody } from './generated.ts'

/** Where in what was sent something is wrong. */
export type Problem = ErrorBody['error']['where'][number]

/** An answer of the control plane that is no success. */
export class ApiError extends Error {
  override name = 'ApiError'
  /** Of HTTP. */
  readonly status: number
  /** A word that stays the same, e.g. `not-found`; `no-json`: not the control plane answered, but something before it. */
  readonly code: string
  readonly where: readonly Problem[]
  /** Seconds after which it is worth to ask again, when the server said so. */
  readonly retryAfter: number | null

  constructor(answer: Response, body: unknown) {
    const { error } = isErrorBody(body)
      ? body
      : { error: { code: 'no-json', message: `answered ${answer.status}`, where: [] } }
    super(error.message)
    this.status = answer.status
    this.code = error.code
    this.where = error.where
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN)
    this.retryAfter = Number.isFinite(seconds) ? seconds : null
  }
}

const isErrorBody = (body: unknown): body is ErrorBody =>
  typeof body === 'object' &&
  body !== null &&
  'error' in body &&
  typeof body.error === 'object' &&
  body.error !== null &&
  'code' in body.error
