import { readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { output } from './command.ts'
import { VmError } from './error.ts'
import type { Kernel } from './kernels.ts'

export interface Module {
  name: string
  content: Buffer
}

/**
 * The modules of these names and those that they depend on, each after what it needs. Names that
 * are built into the kernel are left out.
 */
export async function loadOrder(kernel: Kernel, names: readonly string[]): Promise<Module[]> {
  const entries = await readdir(kernel.modules, { recursive: true, withFileTypes: true })
  const files = new Map(
    entries
      .filter((entry) => entry.isFile() && /\.ko(\.xz)?$/.test(entry.name))
      .map((entry) => [moduleName(entry.name), `${entry.parentPath}/${entry.name}`]),
  )
  const builtin = new Set(
    (await readFile(`${kernel.modules}/modules.builtin`, 'utf8')).split('\n').map(moduleName),
  )
  const ordered = new Map<string, Module>()
  const visit = async (name: string) => {
    if (ordered.has(name) || builtin.has(name)) return
    const file = files.get(name)
    if (file === undefined) {
      throw new VmError('VM_FILE_MISSING', `kernel ${kernel.release} has no module ${name}`)
    }
    const content = file.endsWith('.xz')
      ? await output('VM_TOOL_MISSING', 'xz', ['-dc', file])
      : await readFile(file)
    for (const needed of dependencies(content)) await visit(needed)
    ordered.set(name, { name, content })
  }
  for (const name of names) await visit(moduleName(name))
  return [...ordered.values()]
}

/** Files write some names with dashes; the kernel itself always has underscores. */
function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.xz)?$/, '')
    .replaceAll('-', '_')
}

/** `depends=a,b` in the module's .modinfo section, a list of NUL-ended assignments. */
function dependencies(module: Buffer): string[] {
  const mark = Buffer.from('\0depends=')
  const at = module.indexOf(mark)
  if (at < 0) return []
  const start = at + mark.length
  const list = module.toString('latin1', start, module.indexOf(0, start))
  return list === '' ? [] : list.split(',').map(moduleName)
}
