import type { RunFacts, Severity } from '@runwarden/events'
import { expect, test } from 'vitest'
import { defaultLimits, renderSummary, renderTerminal, type TerminalOptions } from '../src/index.ts'
import { noFile } from '../src/view.ts'
import { releasedReport, reportOf, stepsReport, stolen, stolenReport } from './runs.ts'
import { facts, Script } from './script.ts'

const out = '.runwarden/2026-03-03T09-30-00'

function flood(): Script {
  return new Script('storm')
    .exec(2, 1, ['./storm'])
    .repeat(400, (run, index) =>
      run.connect(2, null, `198.51.100.${index % 200}`, {
        port: 1000 + index,
        count: 1 + (index % 3),
      }),
    )
    .repeat(60, (run, index) =>
      run.connect(2, `n${index}.example.net`, '203.0.113.9', {
        verdict: 'blocked',
        reason: 'no line of the policy allows it',
        rule: null,
      }),
    )
    .repeat(200, (run, index) =>
      run.dns(2, `x${index}.example.com`, { verdict: 'blocked', rcode: 'REFUSED', rule: null }),
    )
    .repeat(40, (run, index) => run.detect(2, { title: `x${index}.example.com was refused` }))
}

const audited = (): Script => {
  const script = stolen()
  for (const event of script.events) {
    if ('verdict' in event && event.verdict === 'blocked') event.verdict = 'would-block'
  }
  return script
}

const troubled: Partial<RunFacts> = {
  protection: 'unprotected',
  exitStatus: 3,
  health: {
    ...facts().health,
    tier: 'none',
    armedMs: null,
    hooks: [
      {
        name: 'cgroup_skb/egress',
        tier: 'T0',
        state: 'refused',
        reason: 'EPERM: the kernel is locked down',
      },
    ],
    eventsLost: { 'file.write': 1234, 'process.exec': 2 },
    gaps: ['io_uring was used: what it did with files was not seen.'],
  },
  leftOver: [
    { execId: null, pid: 77, exe: '/usr/bin/sleep', ended: true },
    { execId: null, pid: 78, exe: '/usr/bin/nohup', ended: false },
  ],
}

test.each([
  ['Protected', {}, stolen()],
  ['Observed', { egress: 'audit' }, stolen()],
  ['TAMPERING SEEN', {}, stolen().detect(2, { id: 'agent-tampered', severity: 'critical' })],
  ['TAMPERING SEEN', { egress: 'audit' }, stolen().detect(2, { id: 'agent-tampered' })],
  // As `find /` does.
  ['Protected', {}, stolen().detect(2, { id: 'agent-tampered', severity: 'info' })],
  [
    'Enforced with gaps in the record',
    { health: { ...facts().health, eventsLost: { 'net.flow': 1 } } },
    stolen(),
  ],
  [
    'Enforced with gaps in the record',
    { health: { ...facts().health, interrupted: true } },
    stolen(),
  ],
  [
    'Observed with gaps',
    { egress: 'audit', health: { ...facts().health, interrupted: true } },
    stolen(),
  ],
] as const)('a run is called %s (%j)', (words, change, script) => {
  const report = reportOf(script, change)
  expect(renderSummary(report)).toMatch(new RegExp(`^## \\S+ Runwarden: ${words}\n`))
  expect(renderTerminal(report, { width: 80, out })).toMatch(new RegExp(`^${words} ·`, 'm'))
})

test('who laid hands on the record is told behind whatever flood of detections', () => {
  const tampered = { id: 'agent-tampered', severity: 'critical' } as const
  const flood = (found: { id: string; severity: Severity }): Script =>
    stolen()
      .repeat(defaultLimits.detections + 100, (run, index) =>
        run.detect(2, { ...found, title: `shell ${index}` }),
      )
      .detect(2, { ...tampered, title: 'the record was changed' })
  for (const found of [
    { id: 'reverse-shell', severity: 'critical' },
    { id: 'agent-tampered', severity: 'info' },
    { id: 'agent-tampered', severity: 'medium' },
  ] as const) {
    const report = reportOf(flood(found))
    for (const text of [renderSummary(report), renderTerminal(report)]) {
      expect(text).toContain('TAMPERING SEEN')
      expect(text).toContain('the record was changed')
    }
  }
})

test('of a job that was only watched no exit status is told', () => {
  const report = reportOf(stolen(), { exitStatus: null })
  expect(renderSummary(report)).not.toContain('exit ')
  expect(renderTerminal(report, { width: 140, out })).not.toContain('exit ')
})

const cases = [
  ['stolen', () => stolenReport()],
  ['audit', () => reportOf(audited(), { egress: 'audit' })],
  ['flood', () => reportOf(flood(), { command: ['./storm'], step: 'storm' })],
  [
    'nothing',
    () =>
      reportOf(new Script().exec(2, 1, ['true']).exit(2), { command: ['true'], policyFile: null }),
  ],
  ['released', () => releasedReport()],
  ['steps', () => stepsReport()],
  ['troubled', () => reportOf(new Script(), troubled)],
] as const

const sheets: [string, TerminalOptions][] = [
  ['80', { width: 80, out }],
  ['140', { width: 140, out: [`${out}/report.html`, `${out}/report.json`] }],
]

for (const [name, report] of cases) {
  test.each(sheets)(`the terminal summary of ${name}, %s columns wide`, async (width, options) => {
    await expect(renderTerminal(report(), options)).toMatchFileSnapshot(
      `golden/${name}-${width}.txt`,
    )
  })

  test(`the job summary of ${name}`, async () => {
    await expect(renderSummary(report())).toMatchFileSnapshot(`golden/${name}.md`)
  })
}

test('colours change no word', () => {
  const plainly = renderTerminal(stolenReport(), { width: 80, out })
  const coloured = renderTerminal(stolenReport(), { width: 80, out, color: true })
  expect(coloured).not.toBe(plainly)
  // oxlint-disable-next-line no-control-regex
  expect(coloured.replaceAll(/\x1b\[[\d;]+m/g, '')).toBe(plainly)
})

test.each([20, 40, 80, 200, 1000])('a terminal of %i columns has lines that fit', (width) => {
  const room = Math.min(Math.max(width, 64), 160)
  for (const line of renderTerminal(stolenReport(), { width, out }).split('\n'))
    expect(line.length).toBeLessThanOrEqual(room)
})

/** What is shown of a run whose acts are in the step `build`, and whose own name is another or the same. */
function textsOf(step: string): string[] {
  const script = new Script('build')
    .exec(2, 1, ['curl', 'it'])
    .connect(2, 'a.example.com', '198.51.100.1', { port: 443, verdict: 'blocked', rule: null })
    .detect(2, { title: 'a.example.com was refused' })
  const report = reportOf(script, { step })
  return [renderTerminal(report, { color: false, width: 200 }), renderSummary(report)]
}

test('programs are shown behind their step where there are several', () => {
  for (const text of textsOf('outside')) expect(text).toContain('build: curl')
  for (const text of textsOf('build')) expect(text).not.toContain('build: curl')
})

test('the policy of a job summary has its room, and is cut between lines', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => `  - host-${index}.example.org`)
  const recommendedPolicy = `version: 1\negress: block\nallow:\n${many.join('\n')}\n`
  const text = renderSummary({ ...stolenReport(), recommendedPolicy }, { limit: 100_000 })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100_000)
  const [, policy = ''] = /```yaml\n(version: 1\n.*?)```/s.exec(text) ?? []
  expect(policy).toMatch(
    /\n {2}- host-\d+\.example\.org\n# This is not all of it: see report\.html\.\n$/,
  )
  expect(policy.split('\n').length).toBeGreaterThan(800)
  expect(text).toContain('### Allowed destinations')
})

const said = (more: Partial<RunFacts>): string => noFile(reportOf(new Script(), more))

test('an empty list of files says what was not watched', () => {
  expect([
    said({}),
    said({ workspace: '' }),
    said({ filesUnwatched: '\u001B[2Jpolicy.yml:4' }),
  ]).toEqual([
    'No file was changed in the workspace, and no sensitive file was touched.',
    'No sensitive file was touched. Other files were not watched.',
    'No sensitive file was touched. Other files were not watched: disable-file-monitoring in \\x1b[2Jpolicy.yml:4.',
  ])
})
