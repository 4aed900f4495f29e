import type { Health } from '@runwarden/events'
import { notAllowedThere } from '@runwarden/policy'
import { expect, test } from 'vitest'
import { renderSummary, renderTerminal } from '../src/index.ts'
import { reportOf } from './runs.ts'
import { facts, Script } from './script.ts'

const no = { verdict: 'blocked', reason: 'no rule allows this name', rule: null } as const
const curl = new Script().exec(7, 1, ['curl', 'x'])
const one = (): Script => new Script().connect(7, 'a.example.org', '192.0.2.1')

test('a program that looks into every process does not hide the one that reads a key', () => {
  const script = new Script().exec(7, 1, ['Worker']).exec(8, 7, ['thief'])
  for (let pid = 1; pid <= 40; pid++)
    script.file(7, 'read', `/proc/${pid}/environ`, { sensitive: 'process-environment' })
  script.file(8, 'read', '/root/.ssh/id_rsa', { sensitive: 'ssh-key' })
  const report = reportOf(script)
  const listed = renderTerminal(report).split('Sensitive files\n')[1]?.split('\n\n')[0]
  expect(listed).toBe(
    [
      'read    /root/.ssh/id_rsa  ssh-key  /usr/bin/thief',
      'read    /proc/1/environ and 39 more  process-environment  /usr/bin/Worker',
    ].join('\n'),
  )
  const rows = renderSummary(report)
    .split('\n')
    .filter((line) => line.startsWith('| read'))
  expect(rows).toHaveLength(2)
})

test('a refused name has one row, with the types and servers that were asked', () => {
  const script = new Script()
    .exec(7, 1, ['curl', 'x'])
    .dns(7, 'c2.example', no)
    .dns(7, 'c2.example', { ...no, type: 'AAAA' })
    .dns(7, 'c2.example', { ...no, server: '198.51.100.53' })
  const rows = renderSummary(reportOf(script))
    .split('\n')
    .filter((line) => line.includes('`c2.example`'))
  expect(rows).toEqual([
    '| ⛔ blocked | `c2.example` | `A, AAAA` | `192.0.2.53, 198.51.100.53` | 3 | `curl x` |',
  ])
})

test('a name to be allowed is whole, so that it can be copied', () => {
  const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`
  const script = new Script().exec(7, 1, ['curl', 'x']).dns(7, name, no)
  expect(renderTerminal(reportOf(script), { width: 80 })).toContain(`\n  # - ${name}:443   # only`)
})

test('a name that nobody knows is no line that a policy lacks', () => {
  const asked = { ...no, verdict: 'would-block' } as const
  const script = new Script()
    .exec(7, 1, ['curl', 'x'])
    .dns(7, 'gone.example', { ...asked, rcode: 'NXDOMAIN' })
    .dns(7, 'there.example', asked)
  const report = reportOf(script, { egress: 'audit' })
  for (const text of [renderTerminal(report), renderSummary(report)]) {
    expect(text).not.toMatch(/- "?gone\.example:443/)
    expect(text).toMatch(/# - "?there\.example:443/)
  }
})

test('a request that no HTTPS rule allowed is counted, says why, and has its line', () => {
  const script = curl.http(7, 'POST', 'api.example', '/a', {
    verdict: 'blocked',
    reason: 'no HTTPS rule allows it',
  })
  const report = reportOf(script)
  expect(report.http).toMatchObject([{ reason: 'no HTTPS rule allows it' }])
  const text = renderTerminal(report)
  expect(text).toContain('1 request refused.')
  expect(text).toContain('  - { https: "api.example", methods: ["POST"], paths: ["/a"] }\n')
  expect(report.recommendedPolicy).toContain(
    '  # - { https: "api.example", methods: ["POST"], paths: ["/a"] } # curl\n',
  )
})

test('for a refused Host, the line that helps is that of the name that led to its address', () => {
  const reason = `HTTP Host evil.example${notAllowedThere('front.example')}`
  const script = new Script().exec(7, 1, ['curl', 'x']).connect(7, 'evil.example', '203.0.113.1', {
    verdict: 'blocked',
    reason,
    rule: null,
    via: 'packet',
    port: 8443,
  })
  expect(renderTerminal(reportOf(script))).toContain(
    '  - { endpoint: front.example:8443, names: unchecked }\n',
  )
})

test('of a run that nobody watched nothing is recommended', () => {
  const report = reportOf(new Script(), { protection: 'unprotected' })
  expect(report.recommendedPolicy).toBe('')
  expect(renderSummary(report)).not.toContain('Recommended policy')
})

test('a connection that was refused for the name it said is no destination of the name that led there', () => {
  const refused = { verdict: 'blocked', reason: 'SNI evil.example', rule: null } as const
  const script = new Script()
    .exec(7, 1, ['curl', 'x'])
    .connect(7, 'front.example', '203.0.113.1')
    .connect(7, 'evil.example', '203.0.113.1', { ...refused, via: 'packet' })
    .flow(7, 'front.example', '203.0.113.1', 224, refused)
  const { destinations } = reportOf(script)
  expect(destinations.map(({ verdict, host, bytesOut }) => [verdict, host, bytesOut])).toEqual([
    ['blocked', 'evil.example', 224],
    ['allowed', 'front.example', 0],
  ])
})

test('a line that let the same process connect is not offered for what it said there', () => {
  const refused = {
    verdict: 'blocked',
    reason: 'its ClientHello is encrypted',
    rule: null,
  } as const
  const script = new Script()
    .exec(7, 1, ['curl', 'x'])
    .exec(8, 1, ['node', 'x'])
    .connect(7, 'front.example', '203.0.113.1')
    .connect(7, 'front.example', '203.0.113.1', { ...refused, via: 'packet' })
  expect(renderTerminal(reportOf(script))).not.toContain('To allow what was blocked')
  // Narrowed to another program: then the line is what lacks.
  script.connect(8, 'front.example', '203.0.113.1', refused)
  expect(renderTerminal(reportOf(script))).toContain('  - front.example:443\n')
})

test('requests that no line allows are told one by one, with their paths', () => {
  const reason = { reason: 'no line allows POST /gists', rule: null }
  const script = new Script()
    .exec(7, 1, ['curl', 'x'])
    .http(7, 'GET', 'api.example.org', '/repos')
    .http(7, 'POST', 'api.example.org', '/gists', { ...reason, verdict: 'blocked' })
    .http(7, 'POST', 'api.example.org', '/gists', { ...reason, verdict: 'blocked' })
  const report = reportOf(script)
  expect(renderTerminal(report)).toContain(
    '\nblocked  POST https://api.example.org/gists ×2  curl x\n',
  )
  const summary = renderSummary(report)
  expect(summary).toContain('### HTTPS requests refused or outside of the policy')
  expect(summary).toContain('| ⛔ blocked | `POST` | `https://api.example.org/gists` |')
  expect(summary).toContain('<details><summary>HTTPS requests (1)</summary>')
})

test('evidence says that a refused connection was tried, not made', () => {
  const refused = { verdict: 'blocked', reason: 'not in the policy', rule: null } as const
  const tried = new Script()
    .exec(7, 1, ['curl', 'x'])
    .connect(7, null, '203.0.113.9', refused)
    .detect(7, { id: 'destination-blocked', severity: 'medium', title: 'refused' })
    .connect(7, null, '203.0.113.9')
    .detect(7, { id: 'new-outbound-destination', severity: 'medium', title: 'new' })
  const acts = reportOf(tried).detections.flatMap((found) => found.acts.map(({ text }) => text))
  expect(acts).toEqual([
    'tried to connect to 203.0.113.9:443: blocked',
    'connected to 203.0.113.9:443: allowed',
  ])
})

test('what to do is told behind the longest command line', () => {
  const text = `/bin/sh started ${'x '.repeat(2000)}. Take the machine out of service.`
  const script = new Script()
    .exec(7, 1, ['curl', 'x'])
    .detect(7, { id: 'mass-delete', severity: 'high', title: 'wiped', text })
  expect(renderTerminal(reportOf(script))).toContain('Take the machine out of service.')
})

test('events that the disk did not take are missing from events.ndjson, not from the report', () => {
  const health = { tier: 'T0', armedMs: 1, hooks: [], gaps: [] } as const
  const lost = (eventsLost: Record<string, number>): string =>
    renderTerminal(
      reportOf(curl, { health: { ...health, hooks: [], gaps: [], eventsLost } }),
    ).replaceAll(/\n. /g, ' ')
  expect(lost({ written: 2 })).toContain('2 events could not be written to events.ndjson')
  expect(lost({ written: 2 })).not.toContain('lost')
  expect(lost({ written: 2, 'file.write': 3 })).toContain('3 events were lost')
})

test('where events were lost, or somebody laid hands on the record, no number and no absence is taken for all', () => {
  const { health } = facts()
  const nothing = new Script().exec(7, 1, ['true'])
  const said = (script: Script, more: Partial<Health>): string[] => {
    const report = reportOf(script, { health: { ...health, ...more } })
    return [renderTerminal(report), renderSummary(report)]
  }
  for (const text of said(nothing, { eventsLost: { 'net.connect': 5000, 'dns.query': 70 } }))
    expect(text).toContain('No destination is known: 5,070 events were lost.')
  for (const text of said(nothing, { interrupted: true }))
    expect(text).toContain('No destination is known: this record has gaps.')
  for (const text of said(nothing, { eventsLost: { written: 2 } }))
    expect(text).toContain('No destination was reached or tried.')
  expect(said(one(), { eventsLost: { 'net.connect': 1 } })[0]).toContain('\nAt least 1 destination')
  expect(said(one().detect(7, { id: 'agent-tampered' }), {})[0]).toContain('\nAt least 1 dest')
  expect(said(one(), {})[0]).toContain('\n1 destination allowed.')
})
