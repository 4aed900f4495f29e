import { Event, type EventKind } from '@runwarden/events'
import { expect, test } from 'vitest'
import { testOf } from '../../src/ingest/schema-test.ts'
import {
  changed,
  connect,
  detection,
  exec,
  exit,
  flow,
  program,
  query,
  request,
  response,
  write,
} from './sample-events.ts'

const head = { seq: 1, time: 1, scope: 'job', execId: null, step: null }
const writer = { execId: '1', exe: '/bin/a', command: 'a', step: null }
const container = {
  capabilities: ['chown'],
  ownUsers: false,
  seccomp: 'filter',
  noNewPrivileges: true,
  shares: ['net'],
  mounts: [{ from: '/', to: '/host', readOnly: false }],
  sysWritable: null,
}
const samples: readonly object[] = [
  { ...exec(1, 100), phase: 'pre', stdio: ['pipe', 'closed'], changed: '5' },
  exec(2, 101),
  exit(3, 100),
  { ...exit(4, 101), code: null, signal: 9, execId: null, step: null },
  ...(['file.write', 'file.create', 'file.delete', 'file.read'] as const).map((kind) =>
    Object.assign(write(5, '/w/a'), { kind }),
  ),
  { ...write(5, '/w/a'), kind: 'file.rename', to: '/w/b', link: 'hard' },
  { ...changed(6, '/w/a'), writer },
  program(7, 100),
  connect(8),
  flow(9),
  query(10),
  request(11),
  { ...response(12, 11), mutations: ['addComment'], repositories: [] },
  detection(13),
  {
    ...head,
    kind: 'step.start',
    pid: 1,
    action: null,
    stage: 'main',
    job: null,
    workflow: null,
    repository: null,
    runId: null,
    runAttempt: null,
    truth: 'kernel',
  },
  {
    ...head,
    kind: 'http.opaque',
    library: null,
    reason: 'late',
    host: null,
    connections: 1,
    bytesSent: 1,
    bytesReceived: 1,
  },
  {
    ...head,
    kind: 'sandbox.change',
    change: 'mount',
    detail: '',
    truth: 'kernel',
    errno: 0,
    targetPid: null,
    container,
  },
  {
    ...head,
    kind: 'secret.found',
    place: 'log',
    path: '',
    position: 1,
    secret: 'github-token',
    form: 'plain',
    proven: true,
    hash: '',
    truth: 'kernel',
  },
  {
    ...head,
    kind: 'agent.health',
    state: 'armed',
    detail: '',
    tier: 'T1',
    hooks: [{ name: 'a', tier: 'T0', state: 'active', reason: '' }],
    eventsLost: { 'file.write': 1 },
  },
]

test('what is told of an event quickly is what the schema says of it', () => {
  const isEvent = testOf(Event)
  const kinds = Event.options.map(({ shape }): EventKind => shape.kind.value)
  expect(new Set(samples.map((sample) => (sample as Event).kind))).toEqual(new Set(kinds))
  const others = [
    null,
    0,
    -1,
    1.5,
    1000,
    Infinity,
    2 ** 53 - 1,
    2 ** 60,
    '',
    'text',
    'kernel',
    true,
    [],
    [1],
    [''],
    ['pipe'],
    [{}],
    {},
    { a: 1 },
    { a: '' },
    { ...container, mounts: null },
    { ...container, mounts: [{}] },
    { ...writer, exe: 1 },
  ]
  for (const sample of samples) {
    expect(isEvent(sample), JSON.stringify(sample)).toBe(true)
    for (const field of [...Object.keys(sample), 'phase', 'stdio'])
      for (const other of [...others, undefined]) {
        const { [field as never]: _, ...rest } = sample
        const value: unknown = other === undefined ? rest : { ...rest, [field]: other }
        const said = `${JSON.stringify(sample)} with ${field} ${JSON.stringify(other)}`
        expect(isEvent(value), said).toBe(Event.safeParse(value).success)
      }
  }
  for (const value of [null, 1, 'text', [], {}, { kind: 'toString' }, { kind: 1 }])
    expect(isEvent(value)).toBe(false)
})
