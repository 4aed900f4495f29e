/** Why a lab could not be started or used. */
export type LabErrorCode =
  | 'LAB_START'
  | 'LAB_SERVE'
  | 'LAB_DNS'
  | 'LAB_CAPTURE'
  | 'LAB_REGISTRY'
  | 'LAB_REPLAY'
  | 'LAB_DEMO'
  | 'LAB_ENDED'

/** A failure of the lab itself, never of what is tested in it. */
export class LabError extends Error {
  readonly code: LabErrorCode

  constructor(code: LabErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'LabError'
    this.code = code
  }
}
