/** At which part enforcement failed. */
export type EnforceCode =
  | 'ENFORCE_SCOPE'
  | 'ENFORCE_LOAD'
  | 'ENFORCE_ATTACH'
  | 'ENFORCE_POLICY'
  | 'ENFORCE_PIN'
  | 'ENFORCE_EXEMPT'
  | 'ENFORCE_CHECK_PASSED'
  | 'ENFORCE_CHECK_ERRNO'
  | 'ENFORCE_CHECK_UNSEEN'

/** Policy can't be enforced, or could not be shown to be. */
export class EnforceError extends Error {
  override readonly name = 'EnforceError'
  readonly code: EnforceCode
  /** What a person can do about it. */
  readonly advice: string

  constructor(code: EnforceCode, message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.advice = advice
  }
}
