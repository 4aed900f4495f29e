import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../lab.ts'
import { makeRegistry } from '../registry/registry.ts'
import { allowedHost } from './replay.ts'

/**
 * A registry of honest packages on the lab's internet, and a project with a lock file that needs them.
 * @returns the project's folder; the registry's url, and the folder of its files
 */
export async function makeProject(
  lab: Lab,
): Promise<{ folder: string; url: string; files: string }> {
  const url = `https://${allowedHost}`
  const roots = ['zod', 'yaml', 'chai', 'postcss', 'tinyglobby', 'smol-toml']
  const registry = await makeRegistry({
    folder: `${lab.folder}/registry`,
    url,
    base: fileURLToPath(new URL('../../../../', import.meta.url)),
    roots,
  })
  await lab.serve({
    name: allowedHost,
    addresses: ['198.51.100.20'],
    ports: { https: 443 },
    files: registry.files,
  })
  const folder = `${lab.folder}/project`
  mkdirSync(folder)
  const dependencies = Object.fromEntries(
    registry.packages
      .filter(({ name }) => roots.includes(name))
      .map(({ name, version }) => [name, version]),
  )
  const manifest = { name: 'project', version: '1.0.0', dependencies }
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest))
  writeFileSync(`${folder}/package-lock.json`, registry.lockfile(manifest))
  return { folder, url, files: registry.files }
}
