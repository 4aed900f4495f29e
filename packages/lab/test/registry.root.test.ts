import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeRegistry, startLab, type Lab, type Registry } from '../src/index.ts'

const checkout = fileURLToPath(new URL('../../../', import.meta.url))
const url = 'https://registry.example.org'
const env = { npm_config_registry: `${url}/`, npm_config_audit: 'false', npm_config_fund: 'false' }

let lab: Lab
let registry: Registry

beforeAll(async () => {
  lab = await startLab()
  registry = await makeRegistry({
    folder: `${lab.folder}/registry`,
    url,
    base: checkout,
    roots: ['react-dom', 'postcss', '@vitest/mocker'],
    planted: [
      {
        manifest: {
          name: '@lab/planted',
          version: '1.2.3',
          scripts: { postinstall: 'echo "$npm_package_name" >ran' },
          dependencies: { postcss: '*' },
        },
        files: { 'index.js': 'module.exports = 1\n', 'lib/deep.js': '' },
      },
    ],
  })
  await lab.serve({
    name: 'registry.example.org',
    addresses: ['203.0.113.10'],
    ports: { https: 443 },
    files: registry.files,
  })
})
beforeEach(() => lab.internet.clear())
afterAll(() => lab[Symbol.asyncDispose]())

const manifest = {
  name: 'app',
  version: '1.0.0',
  dependencies: { 'react-dom': '*', '@vitest/mocker': '*', '@lab/planted': '^1.0.0' },
}

test.each(['ci', 'install'])(
  'npm %s installs real packages and planted ones, scripts run',
  async (command) => {
    const folder = `${lab.folder}/app-${command}`
    mkdirSync(folder)
    writeFileSync(`${folder}/package.json`, JSON.stringify(manifest))
    if (command === 'ci') writeFileSync(`${folder}/package-lock.json`, registry.lockfile(manifest))
    const npm = await lab.runner.exec('npm', [command], { cwd: folder, env })
    expect(npm, npm.stderr).toMatchObject({ status: 0 })
    const read = (file: string) => readFileSync(`${folder}/node_modules/${file}`, 'utf8')
    expect(read('@lab/planted/ran')).toBe('@lab/planted\n')
    expect(read('postcss/lib/postcss.js')).toBe(
      readFileSync(`${checkout}node_modules/postcss/lib/postcss.js`, 'utf8'),
    )
    const use = await lab.runner.exec('node', ['-e', 'console.log(require("react-dom").version)'], {
      cwd: folder,
    })
    expect(use.stdout.trim()).toBe(
      registry.packages.find(({ name }) => name === 'react-dom')?.version,
    )
    const ls = await lab.runner.exec('npm', ['ls', '--all'], { cwd: folder, env })
    expect(ls, ls.stderr).toMatchObject({ status: 0 })
  },
)

test('a package that is not what the lockfile says is refused', async () => {
  const folder = `${lab.folder}/app-tampered`
  mkdirSync(folder)
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest))
  const lock = registry
    .lockfile(manifest)
    .replace(/(postcss-[^"]*\.tgz",\s*"integrity": "sha512-)....../, '$1AAAAAA')
  writeFileSync(`${folder}/package-lock.json`, lock)
  const env2 = { ...env, npm_config_cache: `${folder}/cache` }
  const npm = await lab.runner.exec('npm', ['ci'], { cwd: folder, env: env2 })
  expect(npm.status).toBe(1)
  expect(npm.stderr).toContain('EINTEGRITY')
})

test('a root that is not installed is told by name', async () => {
  const options = { folder: `${lab.folder}/none`, url, base: checkout, roots: ['no-such-package'] }
  await expect(makeRegistry(options)).rejects.toThrow('no-such-package is not installed')
})
