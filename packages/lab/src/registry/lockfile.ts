import type { Manifest } from './tree.ts'

export interface LockEntry {
  /** Where it is to be installed, e.g. `node_modules/a`. */
  at: string
  manifest: Manifest
  resolved: string
  integrity: string
}

const installScripts = ['preinstall', 'install', 'postinstall']
const kept = ['license', 'bin', 'engines', 'dependencies', 'optionalDependencies'] as const

/** The text of a package-lock.json (version 3) that puts these packages where they are told. */
export function lockfile(project: Manifest, entries: readonly LockEntry[]): string {
  const { name, version, dependencies = {} } = project
  const packages: Record<string, object> = { '': { name, version, dependencies } }
  const sorted = [...entries].sort((a, b) => (a.at < b.at ? -1 : 1))
  for (const { at, manifest, resolved, integrity } of sorted) {
    packages[at] = {
      version: manifest.version,
      resolved,
      integrity,
      ...(installScripts.some((script) => script in (manifest.scripts ?? {}))
        ? { hasInstallScript: true }
        : {}),
      ...Object.fromEntries(kept.flatMap((key) => (key in manifest ? [[key, manifest[key]]] : []))),
      ...peers(manifest),
    }
  }
  return `${JSON.stringify({ name, version, lockfileVersion: 3, requires: true, packages }, null, 2)}\n`
}

function peers({ peerDependencies, peerDependenciesMeta }: Manifest): object {
  return {
    ...(peerDependencies === undefined ? {} : { peerDependencies }),
    ...(peerDependenciesMeta === undefined ? {} : { peerDependenciesMeta }),
  }
}
