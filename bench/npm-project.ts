import { createReadStream, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { makeRegistry } from '@runwarden/lab'

/** Real packages of this checkout; with what they need themselves some 40. */
const roots = [
  'react',
  'react-dom',
  '@types/react-dom',
  '@types/node',
  'postcss',
  'zod',
  'yaml',
  'chai',
  '@vitest/mocker',
  'tinyglobby',
  'jiti',
  'smol-toml',
  'es-module-lexer',
  'tinyexec',
  'std-env',
  'expect-type',
]

/** What a project's tests do: they work with its packages, open a server, start shells. */
const tests = {
  render: `import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
test('rows', () => {
  const rows = Array.from({ length: 20_000 }, (_, key) => createElement('li', { key }, 'row ' + key))
  renderToString(createElement('ul', null, rows))
})
`,
  parse: `import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import postcss from 'postcss'
test('texts', () => {
  for (let i = 0; i < 200; i++) parse(readFileSync('package.json', 'utf8'))
  postcss.parse('a { color: red }\\n'.repeat(20_000))
})
`,
  serve: `import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { once } from 'node:events'
test('requests', async () => {
  const server = createServer((_, answer) => answer.end('ok')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  for (let i = 0; i < 300; i++) await (await fetch('http://127.0.0.1:' + server.address().port)).text()
  server.closeAllConnections()
  server.close()
})
test('shells', () => {
  for (let i = 0; i < 100; i++) execFileSync('sh', ['-c', 'echo ' + i + ' | cat'])
})
`,
}

export interface NpmProject {
  folder: string
  /** How many packages `npm ci` installs. */
  packages: number
  close: () => void
}

/** A project whose packages come from a registry at `url`, of which `files` has the files. */
export async function writeNpmProject(
  place: string,
  url: string,
): Promise<Omit<NpmProject, 'close'> & { files: string }> {
  const registry = await makeRegistry({
    folder: join(place, 'registry'),
    url,
    base: join(import.meta.dirname, '..'),
    roots,
  })
  const folder = join(place, 'npm-project')
  mkdirSync(folder)
  const versions = new Map(registry.packages.map(({ name, version }) => [name, version]))
  const manifest = {
    name: 'measured',
    version: '1.0.0',
    scripts: { test: 'node --test' },
    dependencies: Object.fromEntries(roots.map((name) => [name, versions.get(name) ?? ''])),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  for (const [name, lines] of Object.entries(tests))
    writeFileSync(join(folder, `${name}.test.mjs`), `import test from 'node:test'\n${lines}`)
  writeFileSync(join(folder, 'package-lock.json'), registry.lockfile(manifest))
  writeFileSync(
    join(folder, '.npmrc'),
    `registry=${url}\naudit=false\nfund=false\nignore-scripts=true\nupdate-notifier=false\n`,
  )
  return { folder, packages: registry.packages.length, files: registry.files }
}

/** The same with a registry on `host`:8080, served by this process. */
export async function makeNpmProject(place: string, host: string): Promise<NpmProject> {
  const { files, ...project } = await writeNpmProject(place, `http://${host}:8080`)
  const server = createServer((request, response) => {
    const path = join(files, decodeURIComponent(request.url ?? '/'))
    const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'index.json') : path
    if (!file.startsWith(files) || !existsSync(file)) response.writeHead(404).end()
    else createReadStream(file).pipe(response)
  })
  server.listen(8080, host)
  await once(server, 'listening')
  return { ...project, close: () => server.close() }
}
