import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { openObject } from '../packages/libbpf/src/index.ts'

/**
 * Runs `run` with programs that do nothing at the hooks of tier T0 (floor.bpf.c), and gives it the
 * words that put a command into the cgroup they are attached to.
 * @param place a folder for the built object
 * @param hierarchy where cgroup v2 is mounted
 */
export async function withEmptyPrograms<T>(
  place: string,
  hierarchy: string,
  run: (prefix: readonly string[]) => Promise<T>,
): Promise<T> {
  const built = join(place, 'floor.bpf.o')
  const multiarch = execFileSync('gcc', ['-print-multiarch'], { encoding: 'utf8' }).trim()
  const source = join(import.meta.dirname, 'floor.bpf.c')
  const flags = `-target bpf -O2 -g -idirafter /usr/include/${multiarch} -c`.split(' ')
  execFileSync('clang', [...flags, source, '-o', built])
  const cgroup = mkdtempSync(join(hierarchy, 'runwarden-floor-'))
  try {
    using object = openObject(built)
    object.load()
    const links = object
      .programs()
      .map(({ name, section }) =>
        object.attach(name, section.startsWith('cgroup') ? { cgroup } : undefined),
      )
    try {
      return await run(['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup])
    } finally {
      for (const link of links) link.close()
    }
  } finally {
    rmdirSync(cgroup)
  }
}
