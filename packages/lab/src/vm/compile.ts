import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { output } from './command.ts'
import type { Architecture } from './kernels.ts'
import { build, checkout, guestCheckout } from './paths.ts'
import type { VmFile } from './tree.ts'

const place = '/usr/local/lib/compiled'

/** Takes gcc's or clang's command line, and gives what was compiled of its source outside. */
const standIn = `#!/bin/sh
while [ $# -gt 0 ]; do
  case $1 in
    -o) shift; out=$1 ;;
    -print-multiarch) exec echo none ;;
    *.c) source=$(realpath "$1") ;;
  esac
  shift
done
exec cp "${place}\${source#${guestCheckout}}" "$out"
`

/**
 * Compiles C programs of the checkout for a guest, which has no compiler: what its tests call as
 * gcc, or clang for kernel programs (`.bpf.c`), hands them out.
 * @param sources paths from the root of the checkout
 */
export async function compilePrograms(
  architecture: Architecture,
  sources: readonly string[],
): Promise<VmFile[]> {
  const own = (architecture === 'arm64') === (process.arch === 'arm64')
  const compiler = own ? 'gcc' : `${architecture === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu-gcc`
  const files = ['gcc', 'clang'].map((name): VmFile => {
    return { path: `/usr/local/bin/${name}`, content: standIn, mode: 0o755 }
  })
  for (const source of sources) {
    const compiled = `${build}/vm-programs/${architecture}/${source}`
    mkdirSync(dirname(compiled), { recursive: true })
    // Another process may be copying it into its guest.
    const fresh = `${compiled}.${process.pid}`
    const [program, args] = source.endsWith('.bpf.c')
      ? ['clang', ['-O2', '-g', '-target', 'bpf', '-idirafter', await includes(), '-c']]
      : [compiler, ['-O2', '-static', '-pthread']]
    await output('VM_TOOL_MISSING', program, [...args, '-o', fresh, `${checkout}/${source}`])
    renameSync(fresh, compiled)
    files.push({ path: `${place}/${source}`, from: compiled })
  }
  return files
}

/** Where Debian keeps asm/types.h. */
async function includes(): Promise<string> {
  const multiarch = await output('VM_TOOL_MISSING', 'gcc', ['-print-multiarch'])
  return `/usr/include/${multiarch.toString().trim()}`
}
