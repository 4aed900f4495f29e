import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('../src/', import.meta.url)

const importsOf = (file: string) =>
  [...readFileSync(new URL(file, folder), 'utf8').matchAll(/ from '([^']+)'/g)].map(
    (match) => match[1] ?? '',
  )

test('policy depends on nothing of ours, touches no file, and needs only a YAML parser', () => {
  const outside = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap(importsOf)
    .filter((name) => !/^\.{1,2}\//.test(name))
  expect([...new Set(outside)].toSorted()).toEqual(['node:url', 'yaml'])
})

test('the package without documents does not load the YAML parser', () => {
  const seen = new Set<string>()
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const name of importsOf(file)) if (name.startsWith('./')) visit(name.slice(2))
  }
  visit('index.ts')
  expect(seen).toContain('compile.ts')
  expect([...seen].flatMap(importsOf)).not.toContain('yaml')
})
