import { Event } from '@runwarden/events'
import { expect, test } from 'vitest'
import { isPlainEvent, plainKinds } from '../../src/ingest/plain-event.ts'
import { exec, exit, write } from './sample-events.ts'

const files = ['file.write', 'file.create', 'file.delete', 'file.read'] as const
const samples = [
  { ...exec(1, 100), phase: 'pre', stdio: ['pipe', 'closed'], changed: '5' },
  exec(2, 101),
  exit(3, 100),
  { ...exit(4, 101), code: null, signal: 9, execId: null, step: null },
  ...files.map((kind) => Object.assign(write(5, '/w/a'), { kind })),
]

test('what is told of an event quickly is what the schema says of it', () => {
  expect(new Set(samples.map(({ kind }) => kind))).toEqual(new Set(Object.keys(plainKinds)))
  const others = [
    null,
    0,
    -1,
    1.5,
    Infinity,
    2 ** 60,
    '',
    'text',
    'kernel',
    true,
    [],
    [1],
    ['pipe'],
    {},
  ]
  for (const sample of samples) {
    expect(isPlainEvent(sample), sample.kind).toBe(true)
    for (const field of [...Object.keys(sample), 'phase', 'stdio'])
      for (const other of [...others, undefined]) {
        const { [field as 'seq']: _, ...rest } = sample
        const value: unknown = other === undefined ? rest : { ...rest, [field]: other }
        const said = `${sample.kind} with ${field} ${JSON.stringify(other)}`
        expect(isPlainEvent(value), said).toBe(Event.safeParse(value).success)
      }
  }
  for (const value of [null, 1, 'text', [], {}, { kind: 'toString' }, { kind: 1 }])
    expect(isPlainEvent(value)).toBe(false)
})
