/**
 * Why Runwarden could not protect, for the person at the terminal: what is missing, and what to do.
 * Its code is stable: tools may rely on it.
 */
export class AgentError extends Error {
  readonly code: string
  readonly advice: string

  constructor(code: string, message: string, advice: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AgentError'
    this.code = code
    this.advice = advice
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The system's error code (`ENOENT`) of anything that was thrown, if it has one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
}
