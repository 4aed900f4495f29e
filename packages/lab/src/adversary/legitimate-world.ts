import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeRegistry } from '../registry/registry.ts'
import { startSsh } from './ssh.ts'
import type { Stage } from './stage.ts'
import { tools } from './world.ts'

const checkout = fileURLToPath(new URL('../../../..', import.meta.url))

/** Where the site of packages and files is, and what else ordinary work goes to. */
const at = {
  site: '203.0.113.30',
  site6: '2001:db8:30::30',
  h2: '203.0.113.31',
  registry: '203.0.113.32',
  git: '203.0.113.33',
} as const

const names = ['git', 'pypi', 'apt', 'web'].map((name) => `${name}.example.com`)

export const legitimatePolicy = `
version: 1
egress: block
allow:
${names.map((name) => `  - ${name}\n`).join('')}  - apt.example.com:80
  - git.example.com:22
  - h2.example.com
  - registry.example.com
  - dual.example.com
  - six.example.com
  - "*.allow.example.com"
  - "*.allow.example.com:80"
`

/** Starts the servers of ordinary work; gives what its scripts need to know. */
export async function openForWork(stage: Stage): Promise<Record<string, string>> {
  const { lab, folder } = stage
  const site = join(folder, 'site')
  mkdirSync(join(site, 'debian'), { recursive: true })
  const repository = makeRepository(folder, site)
  makeWheel(site)
  makeDebian(folder, site)
  const certificate = await stage.certificate([
    ...names,
    'h2.example.com',
    'dual.example.com',
    'six.example.com',
    '*.allow.example.com',
  ])
  const registry = await makeRegistry({
    folder: join(lab.folder, 'registry'),
    url: 'https://registry.example.com',
    base: checkout,
    roots: ['postcss'],
    planted: [],
  })
  await lab.serve({
    name: 'registry.example.com',
    addresses: [at.registry],
    ports: { https: 443 },
    files: registry.files,
  })
  await lab.dns.set({
    ...Object.fromEntries(names.map((name) => [name, [at.site]])),
    'git.example.com': [at.git],
    'h2.example.com': [at.h2],
    // Nothing answers at this IPv6 address.
    'dual.example.com': ['2001:db8:30::dead', at.site],
    'six.example.com': [at.site6],
  })
  const { cert, key } = certificate
  await stage.atInternet([
    '/usr/bin/python3',
    `${tools}/site.py`,
    site,
    cert,
    key,
    at.site,
    at.site6,
    at.git,
  ])
  await stage.atInternet([process.execPath, `${tools}/h2-server.mjs`, at.h2, '443', cert, key])
  await startSsh(stage, at.git)
  return { REPOSITORY: repository }
}

/** A bare repository that both a plain web server and an SSH login can serve. */
function makeRepository(folder: string, site: string): string {
  const [work, bare] = [join(folder, 'work'), join(site, 'demo.git')]
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=lab', '-c', 'user.email=lab@example.com', ...args], {
      stdio: 'pipe',
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_GLOBAL: '/dev/null' },
    })
  git('init', '-q', work)
  writeFileSync(join(work, 'README'), 'hello\n')
  git('-C', work, 'add', 'README')
  git('-C', work, 'commit', '-q', '-m', 'first')
  git('clone', '-q', '--bare', work, bare)
  git('-C', bare, 'update-server-info')
  return bare
}

/** A wheel (PEP 427) and the page of an index that has it (PEP 503). */
function makeWheel(site: string): void {
  const name = 'demo-1.0-py3-none-any.whl'
  const folder = join(site, 'simple/demo')
  mkdirSync(folder, { recursive: true })
  const files = {
    'demo.py': 'hello = 1\n',
    'demo-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n',
    'demo-1.0.dist-info/WHEEL':
      'Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    'demo-1.0.dist-info/RECORD':
      'demo.py,,\ndemo-1.0.dist-info/METADATA,,\ndemo-1.0.dist-info/WHEEL,,\ndemo-1.0.dist-info/RECORD,,\n',
  }
  const make =
    'import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as z:\n for n, c in json.loads(sys.argv[2]).items(): z.writestr(n, c)'
  execFileSync('/usr/bin/python3', ['-c', make, join(folder, name), JSON.stringify(files)])
  writeFileSync(join(folder, 'index.html'), `<!DOCTYPE html><a href="${name}">${name}</a>\n`)
}

/** A package and a flat repository that has it. */
function makeDebian(folder: string, site: string): void {
  const tree = join(folder, 'deb')
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
  const control =
    'Package: demo\nVersion: 1.0\nArchitecture: all\nMaintainer: lab <lab@example.com>\nDescription: demo\n'
  writeFileSync(join(tree, 'DEBIAN/control'), control)
  const file = join(site, 'debian/demo_1.0_all.deb')
  chmodSync(join(tree, 'DEBIAN'), 0o755)
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, file], { stdio: 'pipe' })
  const sum = createHash('sha256').update(readFileSync(file)).digest('hex')
  writeFileSync(
    join(site, 'debian/Packages'),
    `${control}Filename: ./demo_1.0_all.deb\nSize: ${statSync(file).size}\nSHA256: ${sum}\n`,
  )
}
