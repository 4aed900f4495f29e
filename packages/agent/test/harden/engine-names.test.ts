import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { engineNames, engineSockets } from '../../src/harden/roads.ts'

const header = readFileSync(
  join(import.meta.dirname, '../../../../bpf/include/observe_engine.h'),
  'utf8',
)

/** The names that a function of the kernel side compares with: NAME8('a', 'b', …), one or two words each. */
function namesIn(name: string): string[] {
  const begin = header.indexOf(` ${name}(`)
  const body = header.slice(begin, header.indexOf('\n}\n', begin))
  const word = String.raw`NAME8\(((?:'.', |0, ){7}(?:'.'|0))\)`
  return [...body.matchAll(new RegExp(`${word}(?:, (?:${word}|0)\\))?`, 'g'))]
    .map(([, first = '', second = '']) =>
      [...`${first}, ${second}`.matchAll(/'(.)'/g)].map(([, letter]) => letter).join(''),
    )
    .toSorted()
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].toSorted()
const sockets = engineSockets.map((path) => path.slice(path.lastIndexOf('/') + 1))

test('the kernel side knows the same engines by their programs', () => {
  expect(namesIn('is_engine_program')).toEqual(sorted(engineNames))
  expect([...engineNames].filter((name) => name.length > 15)).toEqual([])
})

test('… and by the whole names of their sockets, but for the one that says nothing', () => {
  expect(namesIn('is_whole_engine_name')).toEqual(
    sorted(sockets.filter((name) => name !== 'unix.socket')),
  )
})

test('… and by the beginnings of these', () => {
  expect(namesIn('is_engine_name')).toEqual(sorted(sockets.map((name) => name.slice(0, 8))))
})
