import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { output } from './command.ts'
import type { Architecture } from './kernels.ts'
import { build, checkout, guestCheckout } from './paths.ts'
import type { VmFile } from './tree.ts'

const place = '/usr/local/lib/compiled'

/** Takes gcc's command line, and gives what was compiled of its source outside. */
const standIn = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -o) shift; out=$1 ;;
    *.c) source=$(realpath "$1") ;;
  esac
  shift
done
exec cp "${place}\${source#${guestCheckout}}" "$out"
`

/**
 * Compiles C programs of the checkout for a guest, which has no compiler: what its tests call as
 * gcc hands them out.
 * @param sources paths from the root of the checkout
 */
export async function compilePrograms(
  architecture: Architecture,
  sources: readonly string[],
): Promise<VmFile[]> {
  const own = (architecture === 'arm64') === (process.arch === 'arm64')
  const compiler = own ? 'gcc' : `${architecture === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu-gcc`
  const files: VmFile[] = [{ path: '/usr/local/bin/gcc', content: standIn, mode: 0o755 }]
  for (const source of sources) {
    const program = `${build}/vm-programs/${architecture}/${source}`
    mkdirSync(dirname(program), { recursive: true })
    // Another process may be copying it into its guest.
    const fresh = `${program}.${process.pid}`
    const args = ['-O2', '-static', '-pthread', '-o', fresh, `${checkout}/${source}`]
    await output('VM_TOOL_MISSING', compiler, args)
    renameSync(fresh, program)
    files.push({ path: `${place}/${source}`, from: program })
  }
  return files
}
