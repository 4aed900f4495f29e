import { Report } from '@runwarden/events'
import { expect, test } from 'vitest'
import { ReportBuilder, defaultLimits, renderTerminal } from '../src/index.ts'
import { hostileReport } from './hostile.ts'
import { facts, id, Script } from './script.ts'
import { releasedReport, reportOf, stolenReport } from './runs.ts'

const limits = {
  ...defaultLimits,
  processes: 50,
  destinations: 20,
  dns: 20,
  files: 20,
  http: 20,
  sandbox: 20,
  detections: 20,
  requests: 20,
  opaque: 20,
}

function bounded(script: Script, more: Partial<typeof limits> = {}): Report {
  const builder = new ReportBuilder({ limits: { ...limits, ...more } })
  for (const event of script.events) builder.add(event)
  return builder.build(facts())
}

test.each([
  ['a run with a thief in it', stolenReport],
  ['a run that makes a release', releasedReport],
  ['a run with hostile text everywhere', () => hostileReport()],
  ['a run of which nothing was seen', () => reportOf(new Script())],
])('the report of %s keeps to its contract', (_, report) => {
  // What a reader gets is what was written: as JSON.
  const read: unknown = JSON.parse(JSON.stringify(report()))
  expect(Report.parse(read)).toEqual(read)
})

test('attempts with one name, port, protocol and verdict are one destination, whatever the address', () => {
  const report = reportOf(
    new Script()
      .exec(2, 1, ['curl'])
      .connect(2, 'A.example.org', '192.0.2.1', { count: 3 })
      .connect(2, 'a.example.org', '192.0.2.2')
      .connect(2, 'a.example.org', '192.0.2.2', { port: 80 })
      .connect(2, 'a.example.org', '192.0.2.2', { protocol: 'udp' })
      .connect(2, 'a.example.org', '192.0.2.3', { verdict: 'blocked' })
      .connect(2, null, '192.0.2.1'),
  )
  expect(
    report.destinations.map(
      (to) => `${to.verdict} ${to.endpoint} ×${to.count} ${to.addresses.join(' ')}`,
    ),
  ).toEqual([
    'blocked a.example.org:443 ×1 192.0.2.3',
    'allowed a.example.org:443 ×4 192.0.2.1 192.0.2.2',
    'allowed a.example.org:80 ×1 192.0.2.2',
    'allowed udp://a.example.org:443 ×1 192.0.2.2',
    'allowed 192.0.2.1:443 ×1 192.0.2.1',
  ])
})

test('flows add their bytes to the destination, and are no attempts', () => {
  const report = reportOf(
    new Script()
      .connect(2, 'a.example.org', '192.0.2.1')
      .flow(2, 'a.example.org', '192.0.2.1', 700)
      .flow(2, 'a.example.org', '192.0.2.1', 300),
  )
  expect(report.destinations).toMatchObject([{ count: 1, bytesOut: 1000 }])
  expect(report.counts.byVerdict).toEqual({ allowed: 1 })
})

test('a destination names each program behind it, as it was then', () => {
  const report = reportOf(
    new Script()
      .exec(2, 1, ['sh', '-c', 'exec curl x'])
      .connect(2, null, '192.0.2.1')
      .exec(2, 1, ['curl', 'x'])
      .connect(2, null, '192.0.2.1')
      .connect(2, null, '192.0.2.1')
      .exec(3, 2, ['wget', 'y'])
      .connect(3, null, '192.0.2.1'),
  )
  expect(
    report.destinations[0]?.processes.map(({ execId, exe, image }) => [execId, exe, image]),
  ).toEqual([
    [id(2), '/usr/bin/sh', 0],
    [id(2), '/usr/bin/curl', 1],
    [id(3), '/usr/bin/wget', 0],
  ])
  expect(report.processes[0]?.images.map((image) => image.argv.join(' '))).toEqual([
    'sh -c exec curl x',
    'curl x',
  ])
})

test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1', '0.0.0.0', '::', '::ffff:0.0.0.0'])(
  '%s is the machine itself: last, and not in the recommended policy',
  (address) => {
    const report = reportOf(
      new Script()
        .connect(2, null, address, { port: 5432, count: 9, reason: 'loopback', rule: null })
        .connect(2, 'a.example.org', '192.0.2.1'),
    )
    expect(report.destinations.map((to) => [to.address, to.local])).toEqual([
      ['192.0.2.1', false],
      [address, true],
    ])
    expect(report.recommendedPolicy).not.toContain('5432')
    expect(report.counts.byVerdict).toEqual({ allowed: 1 })
  },
)

test('a name of an audit run that led to no connection can be uncommented in the recommended policy', () => {
  const audit = { verdict: 'would-block', rule: null } as const
  const report = reportOf(
    new Script()
      .dns(2, 'web.example.org', audit)
      .connect(2, 'web.example.org', '192.0.2.1', audit)
      .dns(2, 'kerberos.example.org', { ...audit, type: 'SRV' })
      .dns(2, 'kerberos.example.org', { ...audit, type: 'TXT' })
      .dns(2, 'missing.example.org', { ...audit, rcode: 'NXDOMAIN' })
      .dns(2, '1.2.0.192.in-addr.arpa', { ...audit, type: 'PTR' }),
  )
  expect(report.recommendedPolicy).toMatch(
    /^ {2}- web\.example\.org.*\n {2}# Only looked up .*\n {2}# - kerberos\.example\.org.*\n$/m,
  )
  expect(report.recommendedPolicy).not.toMatch(/missing|arpa/)
})

test('file acts are folded by path, act and process; what failed is apart', () => {
  const report = reportOf(
    new Script()
      .file(2, 'write', '/home/runner/work/shop/a')
      .file(2, 'write', '/home/runner/work/shop/a')
      .file(3, 'write', '/home/runner/work/shop/a')
      .file(2, 'write', '/home/runner/work/shop/a', { errno: 13 })
      .rename(2, '/home/runner/work/shop/a', '/home/runner/work/shop/b'),
  )
  expect(
    report.files.map(({ action, execId, errno, to, count }) => [action, execId, errno, to, count]),
  ).toEqual([
    ['write', id(2), 0, null, 2],
    ['write', id(3), 0, null, 1],
    ['write', id(2), 13, null, 1],
    ['rename', id(2), 0, '/home/runner/work/shop/b', 1],
  ])
})

test('the evidence of a detection is told in words', () => {
  const [, domain] = stolenReport().detections.toSorted((a, b) => a.id.localeCompare(b.id))
  expect(domain?.acts.map((act) => act.text)).toEqual([
    'asked 192.0.2.53 for collector.example.net (A): blocked',
    'asked 192.0.2.53 for collector.example.net (AAAA): blocked',
  ])
  expect(domain?.acts.map((act) => act.seq)).toEqual(domain?.evidence)
})

test('a flood of allowed destinations never hides a blocked one, and is counted', () => {
  const script = new Script()
    .repeat(500, (run, index) =>
      run.connect(2, null, `192.0.2.${index % 250}`, { port: 1 + index }),
    )
    .connect(2, 'late.example.net', '198.51.100.1', { verdict: 'blocked' })
    .repeat(500, (run, index) => run.dns(2, `n${index}.example.org`))
    .dns(2, 'late.example.net', { verdict: 'blocked' })
  const report = bounded(script)
  expect(report.destinations).toHaveLength(21)
  expect(report.destinations[0]?.host).toBe('late.example.net')
  expect(report.dns[0]?.name).toBe('late.example.net')
  expect(report.truncated).toEqual({ destinations: 480, dns: 480 })
  expect(report.counts.byVerdict).toEqual({ allowed: 1000, blocked: 2 })
})

test('what finds no room among requests and suppressed findings is counted, and no number is taken for all', () => {
  const script = new Script()
    .exec(2, 1, ['curl'])
    .repeat(70, (run, index) =>
      run.http(2, 'POST', 'api.example.org', `/${index}`, { verdict: 'blocked', reason: 'no' }),
    )
    .repeat(50, (run, index) => run.detect(2, { title: `file ${index}`, suppressed: 'generated' }))
  const report = bounded(script)
  expect(report.truncated).toEqual({ http: 50, suppressed: 30 })
  const terminal = renderTerminal(report)
  expect(terminal).toContain('\nAt least 20 requests refused.')
  expect(terminal).toContain('\nat least 20 requests to 1 host,')
})

test('a flood of file changes never hides a sensitive file', () => {
  const script = new Script()
    .repeat(500, (run, index) => run.file(2, 'create', `/home/runner/work/shop/${index}`))
    .file(2, 'read', '/root/.ssh/id_rsa', { sensitive: 'ssh-key' })
  const report = bounded(script)
  expect(report.files).toHaveLength(21)
  expect(report.files.at(-1)?.sensitive).toBe('ssh-key')
  expect(report.truncated).toEqual({ files: 480 })
})

test('a thousand processes behind one destination are a handful of names and a number', () => {
  const report = bounded(
    new Script().repeat(1000, (run, index) => run.connect(10 + index, null, '192.0.2.1')),
  )
  expect(report.destinations[0]?.processes).toHaveLength(defaultLimits.processesOfEntry)
  expect(report.destinations[0]?.count).toBe(1000)
  // Counted in fixed memory: two processes in a thousand may fall on one place.
  const left = report.truncated['destinations.processes'] ?? 0
  expect(left).toBeGreaterThan(980)
  expect(left).toBeLessThanOrEqual(1000 - defaultLimits.processesOfEntry)
})

test('long arguments are cut, and marked as cut', () => {
  const report = reportOf(new Script().exec(2, 1, ['sh', 'a'.repeat(100_000), 'b']))
  const [image] = report.processes[0]?.images ?? []
  expect(image?.argvTruncated).toBe(true)
  expect(image?.argv.join(' ').length).toBeLessThanOrEqual(defaultLimits.text)
})

test('steps are those of the run and of its events', () => {
  const script = new Script('build').exec(2, 1, ['make'])
  expect(reportOf(script, { step: 'npm' }).steps).toEqual([
    { id: 'npm', name: 'npm' },
    { id: 'build', name: 'build' },
  ])
})

test('requests alike are one entry, with the statuses and sizes of their responses', () => {
  const report = reportOf(
    new Script()
      .exec(2, 1, ['curl'])
      .http(2, 'PUT', 'a.example.org', '/x')
      .response(200, 10, 1)
      .http(2, 'PUT', 'a.example.org', '/x')
      .response(404, 10, 2)
      .http(2, 'PUT', 'a.example.org', '/x')
      .response(null, 5)
      .http(2, 'GET', 'a.example.org', '/x'),
  )
  expect(
    report.http.map(({ method, count, statuses, requestBytes, responseBytes, processes }) => [
      method,
      count,
      statuses,
      requestBytes,
      responseBytes,
      processes.map(({ exe }) => exe),
    ]),
  ).toEqual([
    ['PUT', 3, { 200: 1, 404: 1 }, 25, 3, ['/usr/bin/curl']],
    ['GET', 1, {}, 0, 0, ['/usr/bin/curl']],
  ])
})

test('what was not read is told by program, host and reason', () => {
  const report = reportOf(
    new Script()
      .exec(2, 1, ['cargo'])
      .opaque(2, 'a.example.org')
      .opaque(2, 'a.example.org', { connections: 3 })
      .opaque(2, 'a.example.org', { reason: 'quic' }),
  )
  expect(report.opaque.map(({ exe, reason, connections }) => [exe, reason, connections])).toEqual([
    ['/usr/bin/cargo', 'no-library', 4],
    ['/usr/bin/cargo', 'quic', 1],
  ])
})

test('a call of GraphQL is told by what it changes, once its response says so', () => {
  const call = { authorization: 'installation' } as const
  const report = reportOf(
    new Script()
      .http(2, 'POST', 'api.github.com', '/graphql', call)
      .response(200, 10, 10, ['createIssue'])
      .http(2, 'POST', 'api.github.com', '/graphql', call)
      .response(200),
    { github: { repository: 'acme/shop', apiUrl: null, serverUrl: null, granted: null } },
  )
  expect(report.minimumPermissions).toBe(`# Not known what these need: POST /graphql.
permissions:
  issues: write # mutation createIssue
`)
  expect(report.tokenCalls.map(({ endpoint, count }) => `${endpoint} ${count}`)).toEqual([
    'mutation createIssue 1',
    'POST /graphql 1',
  ])
})

test('without any content nothing is claimed about the token', () => {
  expect(stolenReport().minimumPermissions).toBe(null)
  expect(reportOf(new Script().http(2, 'GET', 'a.example.org', '/')).minimumPermissions).toBe(
    'permissions: {}\n',
  )
})

test("the repository of the first step is the job's, and an Enterprise server is GitHub, too", () => {
  const script = new Script().http(2, 'POST', 'git.acme.example', '/api/v3/repos/a/b/issues', {
    authorization: 'installation',
  })
  script.events.push({
    seq: 2,
    time: 1,
    scope: 'run-7',
    execId: id(2),
    step: 'npm',
    kind: 'step.start',
    pid: 2,
    action: null,
    job: null,
    workflow: null,
    repository: 'A/B',
    runId: null,
    runAttempt: null,
    truth: 'user',
  })
  const report = reportOf(script, {
    github: {
      repository: null,
      apiUrl: 'https://git.acme.example/api/v3',
      serverUrl: 'https://git.acme.example',
      granted: null,
    },
  })
  expect(report.minimumPermissions).toBe(
    'permissions:\n  issues: write # POST /repos/{owner}/{repo}/issues\n',
  )
})

test('a flood of requests keeps to its bounds, and those that were refused stay', () => {
  const script = new Script()
    .repeat(500, (run, index) =>
      run.http(2, 'GET', 'api.github.com', `/repos/a/b/issues/${index}/${index}`, {
        authorization: 'installation',
      }),
    )
    .http(2, 'GET', 'late.example.net', '/', { verdict: 'blocked' })
    .repeat(50, (run, index) => run.opaque(2, `n${index}.example.org`))
  const report = bounded(script, { requests: 10, opaque: 5 })
  expect(report.http).toHaveLength(21)
  expect(report.http[0]?.host).toBe('late.example.net')
  expect(report.opaque).toHaveLength(5)
  expect(report.truncated).toEqual({ http: 480, opaque: 45 })
  expect(report.minimumPermissions).toMatch(/^# Not all was kept: about 490 further calls/)
})
