import { expect, test } from 'vitest'
import { Environments } from '../src/environment.ts'
import { compileExpression } from '../src/expression.ts'

const lists = new Map([['shells', ['sh', 'bash']]])
const environment = new Environments(lists).of('process.exec')

const needs = (source: string) =>
  compileExpression(environment, source, 'bool', new Set(['seen']), lists).needs

const name = (...values: string[]) => ({ of: 'event', field: 'name', values })
const argv = (...values: string[]) => ({ of: 'event', field: 'argv', values })

test.each<[source: string, needs: unknown]>([
  ["event.name == 'sh'", [name('sh')]],
  ["event.name in ['sh', 'bash']", [name('sh', 'bash')]],
  ['event.name in shells', [name('sh', 'bash')]],
  [
    "process.parent.name == 'sh' && process.name in shells",
    [{ of: 'process', field: 'name', values: ['sh', 'bash'] }],
  ],
  ["event.memfd && event.name == 'sh'", [name('sh')]],
  ["event.name == 'rm' || event.name in shells", [name('rm'), name('sh', 'bash')]],
  ["event.argv.exists(a, a == '-x' || a in ['-y'])", [argv('-x', '-y')]],
  ["event.argv.exists(a, a == '-x' && a.size() > 1)", [argv('-x')]],
  ["event.name == 'rm' || event.argv.exists(a, a == '-x')", [name('rm'), argv('-x')]],
  // Nothing has to be so.
  ["event.name == 'rm' || event.memfd", null],
  ["event.name != 'rm'", null],
  ["!(event.name == 'rm')", null],
  ["!event.argv.exists(a, a == '-x')", null],
  ["event.argv.all(a, a == '-x')", null],
  ["event.argv.exists(a, a == '-x' || a.startsWith('-y'))", null],
  ["event.argv.exists(a, event.name == '-x')", null],
  ["['a', 'b'].exists(a, a == 'a')", null],
  ["process.ancestors.exists(p, p.name == 'sh')", null],
  ['event.name == event.exe', null],
  ['event.uid == 0', null],
  ["event.memfd ? event.name == 'sh' : event.deleted", null],
])('%s', (source, expected) => {
  expect(needs(source)).toEqual(expected)
})
