import { expect, test } from 'vitest'
import { allowLines, grouped } from '../../src/job/network/group.ts'
import { type Grouping, mostProcesses, placed } from '../../src/job/network/sections.ts'
import type { Rows } from '../../src/job/rows.ts'

type Row = Rows['destinations']

const row = (n: number, given: Partial<Row>): Row => ({
  n,
  verdict: 'allowed',
  reason: '',
  rule: null,
  host: `host-${n}.example`,
  addresses: ['192.0.2.1'],
  port: 443,
  protocol: 'tcp',
  bytesOut: 0,
  count: 1,
  firstSeq: n,
  firstTime: null,
  lastTime: null,
  programs: [],
  processes: [],
  ...given,
})
const by = (exe: string | null, step: string | null) => ({ exe, step })

const rows = [
  row(1, { programs: [by('/usr/bin/curl', 'fetch')] }),
  row(2, { programs: [by('/usr/bin/npm', 'install'), by('/usr/bin/curl', 'fetch')] }),
  row(3, { programs: [by('/usr/bin/npm', 'install')], verdict: 'blocked' }),
  row(4, {}),
]
const shown = (grouping: Grouping, keep = () => true) =>
  placed(rows, [], grouping, keep).map(
    ({ section, group, shared }) =>
      `${section?.name ?? '-'}: ${group.verdicts.join()} ${group.place}${shared ? ' (shared)' : ''}`,
  )

test('steps stand in the order in which they first reached something, and who is not known at the end', () => {
  expect(shown('step')).toEqual([
    'fetch: allowed host-1.example:443',
    'fetch: allowed host-2.example:443 (shared)',
    'install: blocked host-3.example:443',
    'install: allowed host-2.example:443 (shared)',
    '-: allowed host-4.example:443',
  ])
})

test('of programs the one that met the worst stands first', () => {
  expect(shown('program').slice(0, 2)).toEqual([
    '/usr/bin/npm: blocked host-3.example:443',
    '/usr/bin/npm: allowed host-2.example:443 (shared)',
  ])
})

test('a destination that one step reached and another was refused has each verdict below its own', () => {
  const same = { host: 'one.example' }
  const both = [
    row(1, { ...same, programs: [by(null, 'a')] }),
    row(2, { ...same, programs: [by(null, 'b')], verdict: 'blocked' }),
  ]
  expect(
    placed(both, [], 'step', () => true).map(
      ({ section, group }) => `${section?.name} ${group.verdicts.join()}`,
    ),
  ).toEqual(['a allowed', 'b blocked'])
})

test('a section of which nothing is asked for is not there', () => {
  expect(placed(rows, [], 'step', ({ host }) => host === 'host-4.example')).toHaveLength(1)
})

test('each process has its own, though they ran one program; where a row is full others may have been there', () => {
  const process = (pid: number) => ({ ...by('/usr/bin/curl', 'fetch'), execId: `${pid}-1-aa` })
  const programs = [by('/usr/bin/curl', 'fetch')]
  const many = Array.from({ length: mostProcesses }, (_, index) => process(100 + index))
  const list = [
    row(1, { programs, processes: [process(100)] }),
    row(2, { programs, processes: [process(101)], verdict: 'blocked' }),
    row(3, { programs, processes: many.slice(0, 2) }),
  ]
  const lines = placed(list, [], 'process', () => true).map(
    ({ section, group, shared }) =>
      `${section?.name}: ${group.verdicts.join()} ${group.place}${shared ? ' (shared)' : ''}`,
  )
  expect(lines).toEqual([
    '101-1-aa: blocked host-2.example:443',
    '101-1-aa: allowed host-3.example:443 (shared)',
    '100-1-aa: allowed host-1.example:443',
    '100-1-aa: allowed host-3.example:443 (shared)',
  ])
  const full = placed([row(5, { programs, processes: many })], [], 'process', () => true)
  expect(full).toHaveLength(mostProcesses)
  expect(full.every(({ shared }) => shared)).toBe(true)
})

const lines = (...of: Row[]) => grouped(of, []).map((group) => allowLines(group))
test('the lines that a destination lacks: also that of a private address, and that of a proxy', () => {
  const refused = { verdict: 'blocked', host: 'a.example', reason: 'not in the policy' } as const
  const idle =
    'p.yml:4 a.example:443 allows the name, but 10.0.0.1 is a private address: it needs a line of its own'
  const said =
    'HTTP Host a.example on an address of proxy.example: the policy does not allow that name there'
  const addresses = ['192.0.2.1', '10.0.0.1']
  expect(lines(row(1, refused))).toEqual([['"a.example:443"']])
  expect(lines(row(1, { ...refused, addresses }))).toEqual([['"a.example:443"', '"10.0.0.1:443"']])
  expect(lines(row(1, { ...refused, addresses: ['10.0.0.1'], reason: idle }))).toEqual([
    ['"10.0.0.1:443"'],
  ])
  expect(lines(row(1, { ...refused, reason: said }))).toEqual([
    ['{ endpoint: "proxy.example:443", names: unchecked }'],
  ])
  expect(lines(row(1, { verdict: 'attack-blocked' }), row(2, {}))).toEqual([[], []])
})
