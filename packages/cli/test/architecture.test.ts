import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')

/** Every file of the repository, as paths from its root. */
const files = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 },
)
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const text = (path: string): string => readFileSync(join(root, path), 'utf8')

/** What each package's sources may import of ours; types cost nothing, but count all the same. */
const mayImport: Record<string, readonly string[]> = {
  api: [],
  policy: [],
  events: [],
  libbpf: [],
  lab: ['events'],
  sensor: ['libbpf', 'events'],
  rules: ['events', 'policy'],
  agent: ['api', 'events', 'libbpf', 'policy', 'rules', 'sensor'],
  report: ['events', 'policy'],
  web: ['api', 'events', 'policy', 'report'],
  action: ['api', 'events', 'policy', 'report'],
  server: ['events', 'policy'],
  cli: ['agent', 'events', 'policy', 'report', 'rules', 'server'],
}

/** `from '…'` and `import('…')` of a source file. */
function importsOf(path: string): string[] {
  return [...text(path).matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    ([, what = '']) => what,
  )
}

const sources = (name: string): string[] =>
  files.filter((path) => path.startsWith(`packages/${name}/src/`) && /\.tsx?$/.test(path))

test('the packages are those that have rules', () => {
  const found = new Set(
    files.filter((path) => path.startsWith('packages/')).map((path) => path.split('/')[1] ?? ''),
  )
  expect([...found].toSorted()).toEqual(Object.keys(mayImport).toSorted())
})

describe.for(Object.entries(mayImport))('%s', ([name, allowed]) => {
  test(`imports nothing of ours but ${allowed.join(', ') || 'itself'}`, () => {
    expect(sources(name).length).toBeGreaterThan(0)
    const used = sources(name).flatMap((path) =>
      importsOf(path)
        .filter((what) => what.startsWith('@runwarden/'))
        .map((what) => what.split('/')[1] ?? '')
        .filter((what) => what !== name && !allowed.includes(what))
        .map((what) => `${path} imports ${what}`),
    )
    expect(used).toEqual([])
  })

  test('reaches into no other package by path', () => {
    const reached = sources(name).flatMap((path) =>
      importsOf(path)
        .filter((what) => what.startsWith('.'))
        .map((what) => relative(root, resolve(root, dirname(path), what)))
        .filter((what) => !what.startsWith(`packages/${name}/`))
        .map((what) => `${path} imports ${what}`),
    )
    expect(reached).toEqual([])
  })

  test('names in its package.json what it imports', () => {
    const { dependencies = {} } = JSON.parse(text(`packages/${name}/package.json`)) as {
      dependencies?: Record<string, string>
    }
    const used = new Set(
      sources(name)
        .flatMap(importsOf)
        .filter((what) => what.startsWith('@runwarden/'))
        .map((what) => what.split('/').slice(0, 2).join('/')),
    )
    used.delete(`@runwarden/${name}`)
    expect([...used].filter((what) => !(what in dependencies))).toEqual([])
  })
})

test('the binding knows nothing of the product', () => {
  const words = /\b(policy|egress|runwarden run|detection|endpoint)\b/i
  const knowing = files
    .filter((path) => /^packages\/libbpf\/(src|native)\//.test(path))
    .filter((path) => words.test(text(path)))
  expect(knowing).toEqual([])
})

test('only its own command loads the control plane', () => {
  const loads = sources('cli').filter((path) => importsOf(path).includes('@runwarden/server'))
  expect(loads).toEqual(['packages/cli/src/server.ts'])
  const reaches = sources('cli').filter((path) => importsOf(path).includes('./server.ts'))
  expect(reaches).toEqual(['packages/cli/src/main.ts'])
  expect(text('packages/cli/src/main.ts')).toContain("load: () => import('./server.ts')")
})

test('what runs before the command brings no schema library', () => {
  const hot = ['policy', 'libbpf', 'sensor', 'agent', 'cli'].flatMap(sources)
  expect(hot.filter((path) => importsOf(path).includes('zod'))).toEqual([])
  // Of events, which has one, only types.
  const values = hot.filter((path) =>
    /^import (?!type\b)[^'\n]*from '@runwarden\/events'/m.test(text(path)),
  )
  expect(values).toEqual([])
})

describe('every file of the repository', () => {
  const readable = files.filter((path) => !/\.(png|ico|woff2?|gz|node|o)$/.test(path))

  test('names no registry: packages come from wherever the machine gets them', () => {
    const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' })
    const { host } = new URL(registry.trim())
    expect(readable.filter((path) => text(path).includes(host))).toEqual([])
    expect(text('package-lock.json')).not.toMatch(/"resolved": "\w+:/)
  })

  test('of the kernel side says under which licence it is', () => {
    const kernel = files.filter((path) => /^bpf\/.*\.[ch]$/.test(path))
    expect(kernel.length).toBeGreaterThan(10)
    expect(
      kernel.filter(
        (path) =>
          !/^(\/\*|\/\/) SPDX-License-Identifier: \(GPL-2\.0-only OR BSD-3-Clause\)/.test(
            text(path),
          ),
      ),
    ).toEqual([])
  })

  test('of the binding says so, too', () => {
    const native = files.filter((path) => /^packages\/libbpf\/native\/.*\.[ch]$/.test(path))
    expect(
      native.filter(
        (path) => !/^(\/\*|\/\/) SPDX-License-Identifier: Apache-2\.0/.test(text(path)),
      ),
    ).toEqual([])
  })
})
