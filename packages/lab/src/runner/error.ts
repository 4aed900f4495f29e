/** A workflow that cannot be run here, or a step that could not be started: where, what, what to do. */
export class RunnerError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RunnerError'
  }
}
