import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { replays } from '../src/replays/index.ts'
import { insertReplays } from '../src/replays/table.ts'

test('docs/replays.md has the table of the replays (else: npm run replay -- --table)', () => {
  const page = readFileSync(new URL('../../../docs/replays.md', import.meta.url), 'utf8')
  expect(page).toBe(insertReplays(page))
})

test('every folder of an attack is a replay of that name', () => {
  const folders = readdirSync(new URL('../src/replays/attacks/', import.meta.url))
  expect(replays.map(({ folder }) => basename(folder)).toSorted()).toEqual(
    folders.filter((name) => !name.endsWith('.ts')).toSorted(),
  )
  expect(replays.map(({ name }) => name)).toEqual(replays.map(({ folder }) => basename(folder)))
})
