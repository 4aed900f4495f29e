import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bindingPath, enterPath } from '@runwarden/libbpf'
import { builtObjects } from '@runwarden/sensor'

/** Root of what was installed: the folder of the packages, or of the bundle. */
const root = fileURLToPath(new URL('../../../..', import.meta.url))

/** The programs that the agent runs from, and those that it reads again while a job runs. */
function programFiles(): string[] {
  const beside = dirname(bindingPath)
  return [
    process.execPath,
    process.argv[1] ?? '',
    enterPath,
    ...namesIn(beside).map((name) => join(beside, name)),
    ...namesIn(builtObjects()).map((name) => join(builtObjects(), name)),
  ].filter((path) => path !== '')
}

/** The same, and every source that may be loaded late, with the folders that they are in. */
export function guardedPlaces(workspace: string): string[] {
  // Who works on Runwarden itself in this folder changes its files, and may.
  if (workspace === '/' || root.startsWith(`${workspace}/`)) return programFiles()
  const places = new Set(programFiles())
  for (const name of namesIn(join(root, 'packages')))
    collect(join(root, 'packages', name, 'src'), places)
  return [...places]
}

function collect(folder: string, places: Set<string>): void {
  let entries
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return
  }
  places.add(folder)
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) collect(path, places)
    else places.add(path)
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Whether files are still those that they were: by inode, size and the time of their last change. */
export class FileMarks {
  readonly #marks: Map<string, string>

  constructor(paths: readonly string[] = programFiles()) {
    this.#marks = new Map(paths.map((path) => [path, markOf(path)]))
  }

  /** Paths of those that are other files now, each told once: nothing can make the run trust it again. */
  changed(): string[] {
    const changed = [...this.#marks].filter(([path, mark]) => markOf(path) !== mark)
    for (const [path] of changed) this.#marks.delete(path)
    return changed.map(([path]) => path)
  }
}

/** What changes when a file or a folder does, or another one takes its place. */
export function markOf(path: string): string {
  try {
    const { dev, ino, size, ctimeNs } = statSync(path, { bigint: true })
    return `${dev} ${ino} ${size} ${ctimeNs}`
  } catch {
    return 'gone'
  }
}
