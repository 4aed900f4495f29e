import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Lab } from '../lab.ts'
import { makeRegistry, type PlantedPackage, type Registry } from '../registry/registry.ts'
import type { Manifest } from '../registry/tree.ts'

/** Where the registry is. */
export const registryHost = 'registry.example.org'

/** The repository's own folder, whose node_modules hold the real packages. */
export const checkout = fileURLToPath(new URL('../../../../', import.meta.url))

const planted = fileURLToPath(new URL('planted/', import.meta.url))

/** Real packages that the project needs; with what they need themselves, some 45. */
const roots = [
  'react',
  'react-dom',
  '@types/react-dom',
  '@types/node',
  'postcss',
  'zod',
  'yaml',
  'chai',
  '@types/chai',
  '@vitest/mocker',
  'formatly',
  'get-tsconfig',
  'tinyglobby',
  'jiti',
  'smol-toml',
  'es-module-lexer',
  'tinyexec',
  'tinybench',
  'std-env',
  'expect-type',
  'strip-json-comments',
]

export interface Project {
  folder: string
  registry: Registry
}

/** Puts a registry on the lab's internet, and on its runner a project that depends on what is there. */
export async function makeProject(lab: Lab): Promise<Project> {
  const registry = await makeRegistry({
    folder: `${lab.folder}/registry`,
    url: `https://${registryHost}`,
    base: checkout,
    roots,
    planted: [plantedPackage('pretty-columns'), plantedPackage('string-trimmer')],
  })
  await lab.serve({
    name: registryHost,
    addresses: ['203.0.113.10', '2001:db8:10::10'],
    ports: { https: 443 },
    files: registry.files,
  })
  const folder = `${lab.folder}/web-shop`
  mkdirSync(folder)
  const manifest: Manifest = { name: 'web-shop', version: '1.0.0', dependencies: {} }
  for (const name of [...roots, 'pretty-columns']) {
    const version = registry.packages.find((one) => one.name === name)?.version
    manifest.dependencies = { ...manifest.dependencies, [name]: `^${version}` }
  }
  writeFileSync(`${folder}/package.json`, `${JSON.stringify(manifest, null, 2)}\n`)
  writeFileSync(`${folder}/package-lock.json`, registry.lockfile(manifest))
  writeFileSync(`${folder}/index.mjs`, program)
  return { folder, registry }
}

/** Shows that what was installed works. */
const program = `
import columns from 'pretty-columns'
import { parse } from 'yaml'
import { z } from 'zod'
console.log(columns([z.array(z.string()).parse(parse('[it, works]'))]))
`

function plantedPackage(name: string): PlantedPackage {
  const files: Record<string, string> = {}
  for (const file of readdirSync(`${planted}${name}`)) {
    files[file] = readFileSync(`${planted}${name}/${file}`, 'utf8')
  }
  const manifest = JSON.parse(files['package.json'] ?? '') as Manifest
  delete files['package.json']
  return { manifest, files }
}
