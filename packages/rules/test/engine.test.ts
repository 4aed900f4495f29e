import type { Event } from '@runwarden/events'
import { expect, test } from 'vitest'
import { readRules } from '../src/files.ts'
import { Engine, type EngineParts, type Found } from '../src/index.ts'

const processes = new Map(
  [
    ['root', null],
    ['a', 'root'],
    ['a1', 'a'],
    ['a2', 'a'],
    ['far', null],
  ].map(([execId, parentExecId]) => [
    execId as string,
    { execId: execId as string, pid: 1, parentExecId: parentExecId ?? null, exe: '/bin/x', uid: 0 },
  ]),
)

const world: EngineParts['world'] = {
  process: (execId) => processes.get(execId ?? ''),
  target: () => undefined,
}

let seq = 0
const query = (name: string, execId = 'a1', time = 0): Event => ({
  seq: ++seq,
  time,
  scope: 's',
  execId,
  step: 'build',
  kind: 'dns.query',
  name,
  type: 'A',
  server: '',
  serverPort: 53,
  protocol: 'udp',
  verdict: 'allowed',
  reason: '',
  rule: null,
  rcode: null,
  addresses: [],
  cnames: [],
})

function engine(text: string, parts: Partial<EngineParts> = {}): (event: Event) => Found[] {
  const set = readRules([{ file: 'r.yml', text: `version: 1\n${text}` }])
  const one = new Engine(set, { world, ...parts })
  return (event) => one.see(event, { writer: '', unseen: false, notable: '' })
}

const correlating = (of: string): string => `
remember:
  - { as: asked, of: ${of}, for: 10s, on: [dns.query], when: event.name.startsWith('first'), value: event.name }
rules:
  - rule: second
    severity: low
    on: [dns.query]
    when: event.name == 'second' && memory.holds('asked')
    about: string(event.seq)
    title: '{event.name} after {memory.count("asked")}'
    explanation: e
    advice: a
`

test.each([
  ['process', ['a1']],
  ['family', ['root', 'a', 'a1', 'a2']],
  ['step', ['root', 'a', 'a1', 'a2', 'far']],
  ['job', ['root', 'a', 'a1', 'a2', 'far']],
])('what is remembered of a %s is recalled for it, as evidence, for its time', (of, by) => {
  const see = engine(correlating(of))
  const first = query('first-1')
  expect(see(first)).toEqual([])
  expect([...processes.keys()].filter((id) => see(query('second', id, 9000)).length > 0)).toEqual(
    by,
  )
  const then = query('second', 'a1', 9000)
  expect(see(then)).toMatchObject([{ evidence: [first.seq, then.seq], title: 'second after 1' }])
  expect(see(query('second', 'a1', 10_001))).toEqual([])
})

const chain = (of: string): string[] => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `${of}${n}`)

test('of two relatives further apart one is near to their ancestor, which is in their step', () => {
  // The worker w has the steps s and t, with chains below.
  const parents = new Map([
    ['w', null],
    ['s', 'w'],
    ['t', 'w'],
    ...[...chain('x'), ...chain('y'), ...chain('z')].map((id): [string, string] => {
      const [of = '', n = ''] = id
      return [id, n !== '1' ? `${of}${Number(n) - 1}` : of === 'z' ? 't' : 's']
    }),
  ])
  const see = engine(correlating('family').replace("holds('asked')", "holdsFar('asked')"), {
    world: {
      ...world,
      process: (execId) => {
        const parentExecId = parents.get(execId ?? '')
        if (execId === null || parentExecId === undefined) return undefined
        const step = execId === 'w' ? null : /[tz]/.test(execId) ? 't' : 's'
        return { execId, pid: 1, parentExecId, exe: '/bin/x', uid: 0, step }
      },
    },
  })
  see(query('first', 'x5'))
  const far = [...parents.keys()].filter((id) => see(query('second', id)).length > 0)
  expect(far).toEqual(['s', ...chain('x').filter((id) => id !== 'x5'), 'y1', 'y2'])
})

test('what is above the steps makes relatives of those of one step only', () => {
  // Nobody knows its parent, who has not been seen.
  const parents = { w: 'gone', s: 'w', s1: 's', s2: 's', t: 'w', more: 'w' }
  const steps: Record<string, string | null> = { w: null, t: 't' }
  const see = engine(correlating('family'), {
    world: {
      ...world,
      process: (execId) => {
        const parentExecId = Object.entries(parents).find(([id]) => id === execId)?.[1]
        if (execId === null || parentExecId === undefined) return undefined
        const step = execId in steps ? steps[execId]! : 's'
        return { execId, pid: 1, parentExecId, exe: '/bin/x', uid: 0, step }
      },
    },
  })
  for (const id of ['s', 's1']) see(query('first', id))
  const near = Object.keys(parents).filter((id) => see(query('second', id)).length > 0)
  expect(near).toEqual(['s', 's1', 's2', 'more'])
})

test('a rule does not see what its own event makes remembered', () => {
  const see = engine(correlating('job').replace("== 'second'", "== 'first'"))
  expect(see(query('first'))).toEqual([])
  expect(see(query('first'))).toHaveLength(1)
})

test('a finding is told once for what it is about, and a thousand of an id', () => {
  const text = `
rules:
  - { rule: any, severity: low, on: [dns.query], when: 'true', about: event.name, title: t, explanation: e, advice: a }
`
  const see = engine(text)
  expect([query('x'), query('x'), query('y')].flatMap(see)).toHaveLength(2)
  expect(Array.from({ length: 2000 }, (_, i) => query(`n${i}`)).flatMap(see)).toHaveLength(998)
})

test('what is not told any more, and what is forgotten before its time, is said once', () => {
  const gaps: string[] = []
  const onGap = (text: string) => gaps.push(text)
  const many = engine(
    `
rules:
  - { rule: any, severity: low, on: [dns.query], when: 'true', about: event.name, title: t, explanation: e, advice: a }
`,
    { onGap },
  )
  Array.from({ length: 1002 }, (_, i) => query(`n${i}`)).flatMap(many)
  expect(gaps.splice(0)).toEqual([expect.stringContaining('findings of any (low)')])

  const first = Array.from({ length: 4096 }, (_, i) => query(`first${i}`))
  const see = engine(correlating('job'), { onGap })
  first.flatMap(see)
  expect(see(query('second'))).toMatchObject([{ title: 'second after 4096' }])
  expect(gaps).toEqual([])
  see(query('first-of-too-many'))
  see(query('first-and-another'))
  expect(gaps).toEqual([expect.stringContaining('forgotten early')])
})

test('minor findings hide no worse ones of their id, neither about the same nor by their number', () => {
  const see = engine(`
rules:
  - { rule: minor, id: same, severity: low, on: [dns.query], when: 'true', about: event.name, title: t, explanation: e, advice: a }
  - { rule: grave, id: same, severity: high, on: [dns.query], when: "event.name.startsWith('evil')", about: event.name, title: t, explanation: e, advice: a }
`)
  const grave = (name: string) => see(query(name)).filter(({ severity }) => severity === 'high')
  expect(Array.from({ length: 1500 }, (_, i) => query(`n${i}`)).flatMap(see)).toHaveLength(1000)
  expect(grave('evil')).toHaveLength(1)
  expect(grave('evil')).toEqual([])
  expect(Array.from({ length: 1500 }, (_, i) => `evil${i}`).flatMap(grave)).toHaveLength(999)
})

test('an expression without a value does not hold, and is told once', () => {
  const failures: string[] = []
  const see = engine(
    `
rules:
  - { rule: tenth, severity: low, on: [dns.query], when: "event.addresses[9] == 'x'", title: t, explanation: e, advice: a }
`,
    { onGap: (text) => failures.push(text) },
  )
  expect([query('x'), query('y')].flatMap(see)).toEqual([])
  expect(failures).toEqual([expect.stringMatching(/^r\.yml:4: 'tenth' does not hold/)])
})

test.each([
  ['{ id: any, reason: ours }', true],
  ["{ id: 'a*', endpoint: '*.example.org', reason: ours }", true],
  ["{ id: any, process: '/bin/*', step: build, reason: ours }", true],
  ["{ owner: acme, repository: 'acme/*', job: test, reason: ours }", true],
  ['{ workflow: ci, reason: ours }', true],
  ["{ workflow: 'c*', job: test, reason: ours }", true],
  ['{ id: any, step: deploy, reason: ours }', false],
  ['{ workflow: release, reason: ours }', false],
  ['{ workflow: ci, job: build, reason: ours }', false],
  ["{ owner: acme, repository: 'acme/api', reason: ours }", false],
])('%s suppresses: %s', (suppression, suppresses) => {
  const see = engine(
    `
rules:
  - { rule: any, severity: low, on: [dns.query], when: 'true', title: t, explanation: e, advice: a }
suppress:
  - ${suppression}
`,
    { job: { owner: 'acme', repository: 'acme/web', workflow: 'ci', job: 'test' } },
  )
  expect(see(query('x.example.org'))).toMatchObject([
    { suppressed: suppresses ? 'r.yml:6: ours' : null },
  ])
})

test('what is not known of the job suppresses nothing', () => {
  const see = engine(
    `
rules:
  - { rule: any, severity: low, on: [dns.query], when: 'true', title: t, explanation: e, advice: a }
suppress:
  - { workflow: '**', reason: ours }
`,
    { job: { owner: 'acme' } },
  )
  expect(see(query('x.example.org'))).toMatchObject([{ suppressed: null }])
})

const connect = {
  kind: 'net.connect',
  host: 'db.example.org',
  address: '192.0.2.7',
  port: 5432,
  protocol: 'tcp',
  via: 'connect',
  count: 1,
} as const
const request = {
  kind: 'http.request',
  method: 'GET',
  scheme: 'https',
  host: 'api.example.org',
  path: '/repos/other/lib',
  version: '2',
  library: 'go',
  authorization: null,
  truth: 'user',
} as const

test.each([
  [connect, 'db.example.org:5432', true],
  [connect, 'db.example.org', true],
  [connect, '*.example.org:5432', true],
  [connect, 'db.example.org:*', true],
  [connect, '192.0.2.7:5432', true],
  [connect, 'db.example.org:443', false],
  [connect, '192.0.2.7:54', false],
  [{ ...connect, host: null }, '192.0.2.7:5432', true],
  [{ ...connect, host: null }, 'db.example.org:5432', false],
  [request, 'api.example.org', true],
  [request, 'api.example.org:443', true],
  [request, 'api.example.org:8443', false],
  [request, 'api.example.org/repos/other/**', true],
  [request, 'api.example.org/repos/acme/**', false],
  [{ ...request, host: 'api.example.org:8443' }, 'api.example.org:8443', true],
  [{ ...request, host: 'api.example.org:8443' }, 'api.example.org:443', false],
] as const)('%o is at %s: %s', (fields, endpoint, suppresses) => {
  const see = engine(`
rules:
  - { rule: any, severity: low, on: [net.connect, http.request], when: 'true', title: t, explanation: e, advice: a }
suppress:
  - { id: any, endpoint: '${endpoint}', reason: ours }
`)
  const event = { ...query(''), ...fields } as unknown as Event
  expect(see(event)).toMatchObject([{ suppressed: suppresses ? 'r.yml:6: ours' : null }])
})

test('what is suppressed in one step does not hide the same in another, nor by its number', () => {
  const see = engine(`
rules:
  - { rule: any, severity: low, on: [dns.query], when: 'true', about: event.name, title: t, explanation: e, advice: a }
suppress:
  - { id: any, step: build, reason: ours }
`)
  const names = ['x', ...Array.from({ length: 1500 }, (_, index) => `n${index}`)]
  expect(names.flatMap((name) => see(query(name)))).toHaveLength(1000)
  const elsewhere = { ...query('x'), step: 'deploy' }
  expect(see(elsewhere)).toMatchObject([{ suppressed: null }])
  expect(see(elsewhere)).toEqual([])
})

test('what an event fulfils in more than one way is found, and remembered, once', () => {
  const see = engine(`
remember:
  - { as: asked, of: job, for: 10s, on: [dns.query], when: event.name == 'a.test' || event.type == 'A' }
rules:
  - rule: twice
    severity: low
    on: [dns.query]
    when: event.name == 'a.test' || event.type == 'A' || event.cnames.exists(c, c in ['b.test', 'c.test'])
    about: string(event.seq)
    title: 'after {memory.count("asked")}'
    explanation: x
    advice: y
    false-alarms: z
    tests: []
`)
  const event = { ...query('a.test'), cnames: ['b.test', 'c.test'] } as Event
  expect([...see(event), ...see({ ...event, seq: ++seq })].map(({ title }) => title)).toEqual([
    'after 0',
    'after 1',
  ])
})

test('a rename is suppressed by what is there then, not by where it came from', () => {
  const see = engine(`
rules:
  - { rule: any, severity: low, on: [file.rename], when: 'true', title: t, explanation: e, advice: a }
suppress:
  - { file: '/w/**', reason: ours }
`)
  const file = {
    path: '/w/x',
    truth: 'kernel',
    workspace: true,
    sensitive: null,
    errno: 0,
  } as const
  const act = { seq: 1, time: 0, scope: 's', execId: 'p', step: null } as const
  const renamed = { ...act, ...file, kind: 'file.rename', link: 'symbolic' } as const
  expect(see({ ...renamed, to: '/etc/cron.d/x' })).toMatchObject([{ suppressed: null }])
  expect(see({ ...renamed, to: '/w/y' })).toMatchObject([{ suppressed: 'r.yml:6: ours' }])
})
