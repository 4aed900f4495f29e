export type VmErrorCode =
  | 'VM_TOOL_MISSING'
  | 'VM_KERNEL_UNAVAILABLE'
  | 'VM_FILE_MISSING'
  | 'VM_ENDED'
  | 'VM_TIMEOUT'
  | 'VM_TESTS_ENDED'

/** A virtual machine that could not be made, ended early or did not answer. */
export class VmError extends Error {
  override name = 'VmError'
  readonly code: VmErrorCode

  constructor(code: VmErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
