import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { VmError, type VmErrorCode } from './error.ts'

const execute = promisify(execFile)

/**
 * Runs one of the machine's programs and gives its standard output; what it says on standard
 * error is the person's to read when it fails.
 */
export async function output(
  code: VmErrorCode,
  program: string,
  args: readonly string[],
  cwd?: string,
): Promise<Buffer> {
  try {
    const { stdout } = await execute(program, args, {
      encoding: 'buffer',
      maxBuffer: 256 * 2 ** 20,
      ...(cwd === undefined ? {} : { cwd }),
    })
    return stdout
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : ''
    throw new VmError(code, `${program} ${args.join(' ')} failed: ${said || String(cause)}`, {
      cause,
    })
  }
}
