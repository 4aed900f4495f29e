import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LabError } from '../error.ts'

/** The fields of a package.json that a registry and an npm client care about. */
export interface Manifest {
  name: string
  version: string
  license?: string
  bin?: string | Record<string, string>
  scripts?: Record<string, string>
  engines?: Record<string, string>
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  peerDependenciesMeta?: Record<string, { optional?: boolean }>
}

/** An installed package: where it lies, from the folder that holds node_modules. */
export interface Installed {
  /** E.g. `node_modules/a/node_modules/b`. */
  at: string
  folder: string
  manifest: Manifest
}

/**
 * The packages that `roots` need, themselves included, as they are installed below `base`
 * (the folder that holds node_modules). Optional dependencies are left out where they are not
 * installed. Throws LabError LAB_REGISTRY when a needed one is missing.
 */
export function installedTree(base: string, roots: readonly string[]): Installed[] {
  const found = new Map<string, Installed>()
  const walk = (from: string, name: string, optional: boolean) => {
    const at = resolve(base, from, name)
    if (at === null) {
      if (optional) return
      throw new LabError(
        'LAB_REGISTRY',
        `${name} is not installed below ${base}; run scripts/bootstrap`,
      )
    }
    if (found.has(at)) return
    const folder = join(base, at)
    const manifest = readManifest(folder)
    found.set(at, { at, folder, manifest })
    for (const [needed, optional] of neededBy(manifest)) walk(at, needed, optional)
  }
  for (const root of roots) walk('', root, false)
  return [...found.values()].sort((a, b) => (a.at < b.at ? -1 : 1))
}

/** What a package needs, and whether it does without. */
function neededBy(manifest: Manifest): Map<string, boolean> {
  const { dependencies, peerDependencies, peerDependenciesMeta, optionalDependencies } = manifest
  const needed = new Map<string, boolean>()
  for (const name of Object.keys(peerDependencies ?? {})) {
    if (peerDependenciesMeta?.[name]?.optional !== true) needed.set(name, false)
  }
  for (const name of Object.keys(dependencies ?? {})) needed.set(name, false)
  for (const name of Object.keys(optionalDependencies ?? {})) needed.set(name, true)
  return needed
}

/** Looks as node does: in the package's own node_modules, then in those of the folders above. */
function resolve(base: string, from: string, name: string): string | null {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const at = join(folder, 'node_modules', name)
    if (!folder.endsWith('node_modules') && readManifestOrNull(join(base, at)) !== null) return at
    if (folder === '') return null
  }
}

function readManifest(folder: string): Manifest {
  const manifest = readManifestOrNull(folder)
  if (manifest === null) throw new LabError('LAB_REGISTRY', `no package is in ${folder}`)
  return manifest
}

function readManifestOrNull(folder: string): Manifest | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  } catch {
    return null
  }
}
