import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Place } from './runwarden.ts'

const main = fileURLToPath(new URL('../../../build/js/packages/cli/src/main.js', import.meta.url))

/** Files of the built command that were loaded: node tells it of each that it compiles. */
function loaded(place: Place, words: readonly string[]): string[] {
  const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
    cwd: place.path,
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
      RUNWARDEN_COMPILE_CACHE: place.at('compiled'),
    },
  })
  expect(status, stderr).toBe(0)
  return [
    ...new Set(
      [...stderr.matchAll(/reading cache from \S+ for ESM (file:\S+?\.js)/g)].map(([, url = '']) =>
        fileURLToPath(url),
      ),
    ),
  ]
}

const readsYaml = (file: string): boolean => readFileSync(file, 'utf8').includes('new Composer(')

test('a run loads neither the parser of YAML nor what reads rules, unless there is a file of it', () => {
  using place = new Place()
  const run = ['run', '--quiet', '--out', place.at('out'), '--', 'true']
  const files = loaded(place, run)
  expect(files.length).toBeGreaterThan(5)
  expect(files.filter(readsYaml)).toEqual([])
  // So that their absence says something.
  expect(loaded(place, ['rules', 'list']).filter(readsYaml)).not.toEqual([])
})
