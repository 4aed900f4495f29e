/** Why no agent could be started, for the person who reads the job's log. `advice` may be empty. */
export class StartError extends Error {
  readonly code: string
  readonly advice: string

  constructor(code: string, message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StartError'
    this.code = code
    this.advice = advice
  }
}

/** The text of anything that was thrown; of a program that failed, what it said. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const said = 'stderr' in error && error.stderr !== null ? String(error.stderr).trim() : ''
  return said === '' ? error.message : said
}
