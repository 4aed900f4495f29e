import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Phases, type StepRoot } from '../src/step-phase.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-phase-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An action of acme's, below a runner's work folder. */
function put(name: string, runs: string): void {
  mkdirSync(join(folder, '_actions/acme', name, 'v1'), { recursive: true })
  writeFileSync(
    join(folder, '_actions/acme', name, 'v1/action.yml'),
    `name: x\nruns:\n${runs}\ninputs:\n  main: { default: other.js }\n`,
  )
}

function root(action: string, name: string, file: string, more: Partial<StepRoot> = {}): StepRoot {
  const argv = ['/node24/bin/node', join(folder, '_actions/acme', name, 'v1', file)]
  const head = { action, repository: `acme/${name}`, ref: 'v1', within: false, truncated: false }
  return { ...head, argv, ...more }
}

test('the file that is run tells, also by a path that goes up', () => {
  put(
    'a',
    '  using: \'node24\'\n  pre: dist/setup.js\n  main: "dist/index.js" # it\n  post: ./end.js',
  )
  const phases = new Phases()
  expect(phases.of(root('s', 'a', 'dist/setup.js'))).toBe('pre')
  expect(phases.of(root('s', 'a', 'dist/index.js'))).toBe('main')
  expect(
    phases.of({ ...root('s', 'a', ''), argv: ['node', `${folder}/_actions/acme/a/v1/./end.js`] }),
  ).toBe('post')
  expect(phases.of(root('s', 'a', 'other.js'))).toBeNull()
})

test('the order tells where one file is several stages', () => {
  put('one', '  using: node24\n  main: i.js\n  post: i.js')
  put('all', '  { using: node24, pre: i.js, main: i.js, post: i.js }')
  const phases = new Phases()
  const of = (action: string, name: string): string | null => phases.of(root(action, name, 'i.js'))
  expect([of('x', 'all'), of('a', 'one'), of('b', 'one'), of('x', 'all')]).toEqual([
    'pre',
    'main',
    'main',
    'main',
  ])
  expect([of('x', 'all'), of('b', 'one'), of('a', 'one')]).toEqual(['post', 'post', 'post'])
})

test('what cannot be known is not said: one file within a composite action', () => {
  put('one', '  using: node24\n  main: i.js\n  post: i.js')
  const phases = new Phases()
  expect(phases.of(root('c', 'one', 'i.js', { within: true }))).toBeNull()
})

test('scripts are main; an action of the repository has no pre', () => {
  const phases = new Phases()
  const script = { repository: null, argv: ['/bin/bash', '-e', '/w/_temp/x.sh'] }
  expect(phases.of(root('s', '', '', script))).toBe('main')
  expect(phases.of(root('local', '', '', { repository: null }))).toBe('main')
  expect(phases.of(root('local', '', '', { repository: null }))).toBe('post')
})

test('the entrypoint tells the stages of a container action', () => {
  put(
    'd',
    '  using: docker\n  image: Dockerfile\n  pre-entrypoint: /pre.sh\n  post-entrypoint: /post.sh',
  )
  const phases = new Phases()
  const home = `${folder}/_temp/_github_home:/github/home`
  const run = (...entry: string[]): string | null =>
    phases.of(
      root('d', 'd', '', { argv: ['/usr/bin/docker', 'run', ...entry, '-v', home, 'image'] }),
    )
  expect([run('--entrypoint', '/pre.sh'), run(), run('--entrypoint', '/post.sh')]).toEqual([
    'pre',
    'main',
    'post',
  ])
})

test('an action in the job’s container is not told apart', () => {
  const argv = ['/usr/bin/docker', 'exec', '-i', 'id', 'node', '/__w/_actions/acme/d/v1/index.js']
  expect(new Phases().of(root('d', 'd', '', { argv }))).toBeNull()
})

test('a file that is none, or too large, holds nobody up', () => {
  put('big', `  using: node24\n  main: i.js\n${'#'.repeat(200_000)}`)
  mkdirSync(join(folder, '_actions/acme/dir/v1/action.yml'), { recursive: true })
  const phases = new Phases()
  expect(phases.of(root('a', 'big', 'i.js'))).toBeNull()
  expect(phases.of(root('a', 'dir', 'i.js'))).toBeNull()
})
