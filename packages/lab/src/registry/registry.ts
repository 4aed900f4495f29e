import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockfile, type LockEntry } from './lockfile.ts'
import { packFolder, writeFiles } from './tarball.ts'
import { installedTree, type Installed, type Manifest } from './tree.ts'

/** A package given as text: its manifest, and its other files by path. */
export interface PlantedPackage {
  manifest: Manifest
  files: Record<string, string>
}

export interface RegistryOptions {
  /** An empty folder of the caller's, e.g. below the lab's. */
  folder: string
  /** Where clients reach it, e.g. `https://registry.example.org`. */
  url: string
  /** The folder that holds the node_modules from which real packages are taken. */
  base: string
  /** The packages to take, with all that they need. */
  roots: readonly string[]
  planted?: readonly PlantedPackage[]
}

/** A package registry as files, to be served with `lab.serve({ files: registry.files })`. */
export interface Registry {
  files: string
  url: string
  /** Every package in it. */
  packages: readonly { name: string; version: string }[]
  /** The package-lock.json of a project with this manifest, every package of the registry in it. */
  lockfile(project: Manifest): string
}

/**
 * Makes a registry of real packages: those installed below `base`, packed again, with the documents
 * that an npm client asks for; and of planted ones. Nothing is fetched from anywhere.
 */
export async function makeRegistry(options: RegistryOptions): Promise<Registry> {
  const { folder, url } = options
  const files = join(folder, 'files')
  const planted = await Promise.all((options.planted ?? []).map((one) => plant(folder, one)))
  const installed = [...installedTree(options.base, options.roots), ...planted]
  const versions = new Map<string, Record<string, object>>()
  const entries: LockEntry[] = []
  await Promise.all(
    installed.map(async ({ at, folder, manifest }) => {
      const { name, version } = manifest
      const path = `${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`
      const { integrity, shasum } = await packFolder(folder, join(files, path))
      const tarball = `${url}/${path}`
      const known = versions.get(name) ?? {}
      versions.set(name, known)
      known[version] = { ...manifest, dist: { tarball, integrity, shasum } }
      entries.push({ at, manifest, resolved: tarball, integrity })
    }),
  )
  for (const [name, known] of versions) {
    const latest = Object.keys(known).sort().at(-1)
    const document = { name, 'dist-tags': { latest }, versions: known }
    await mkdir(join(files, name), { recursive: true })
    await writeFile(join(files, name, 'index.json'), JSON.stringify(document))
  }
  return {
    files,
    url,
    packages: installed.map(({ manifest: { name, version } }) => ({ name, version })),
    lockfile: (project) => lockfile(project, entries),
  }
}

async function plant(folder: string, { manifest, files }: PlantedPackage): Promise<Installed> {
  const source = join(folder, 'planted', manifest.name)
  const text = `${JSON.stringify(manifest, null, 2)}\n`
  await writeFiles(source, { 'package.json': text, ...files })
  return { at: `node_modules/${manifest.name}`, folder: source, manifest }
}
