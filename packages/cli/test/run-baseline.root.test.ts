import { readFileSync, writeFileSync } from 'node:fs'
import type { Report } from '@runwarden/events'
import { startLab } from '@runwarden/lab'
import { expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

const server = (name: string, address: string) => ({
  name,
  addresses: [address],
  ports: { http: 80 },
})

test('a destination that no past run has reached is told, and only that', async () => {
  using place = new Place()
  await using lab = await startLab({
    servers: [server('old.example.org', '198.51.100.20'), server('new.example.org', '203.0.113.7')],
  })
  const run = async (out: string, script: string, ...options: string[]) =>
    lab.runner.exec(
      runwarden,
      ['run', '--out', place.at(out), ...options, '--', 'bash', '-c', script],
      {
        cwd: place.path,
      },
    )
  const first = await run('past/first', 'curl -s http://old.example.org/ >/dev/null')
  expect(first.status, first.stderr).toBe(0)
  const script = 'curl -s http://old.example.org/ http://new.example.org/ http://new.example.org/a'
  const ids = (out: string) =>
    (JSON.parse(readFileSync(place.at(out, 'report.json'), 'utf8')) as Report).detections.map(
      ({ id, title }) => `${id}: ${title}`,
    )

  expect((await run('without', script)).status).toBe(0)
  expect(ids('without')).toEqual([])
  for (const baseline of ['past', 'past/first', 'past/first/report.json']) {
    const { status, stderr } = await run('with', script, '--baseline', place.at(baseline))
    expect(status, stderr).toBe(0)
    expect(ids('with')).toEqual([
      'new-outbound-destination: new.example.org port 80 (tcp) was reached for the first time',
    ])
  }
})

test('a destination is told by the name that its connection says, whichever name led to its address last', async () => {
  using place = new Place()
  const names = ['good', 'sni', 'host'].map((name) => `${name}.example.org`)
  await using lab = await startLab({
    servers: [
      {
        name: names,
        addresses: ['198.51.100.20'],
        ports: { https: 443, http: 80, tcp: [22, 8443] },
      },
      {
        name: ['one.example.org', 'other.example.org'],
        addresses: ['198.51.100.21'],
        ports: { https: 443 },
      },
    ],
  })
  const run = async (out: string, script: string, ...options: string[]): Promise<Report> => {
    const { status, stderr } = await lab.runner.exec(
      runwarden,
      ['run', '--out', place.at(out), ...options, '--', 'bash', '-c', script],
      { cwd: place.path },
    )
    expect(status, stderr).toBe(0)
    return JSON.parse(readFileSync(place.at(out, 'report.json'), 'utf8')) as Report
  }
  const good = 'getent hosts good.example.org >/dev/null; to=/dev/tcp/198.51.100.20'
  const first = await run(
    'first',
    `${good}; curl -s https://good.example.org/ http://good.example.org/ >/dev/null
    for port in 22 8443; do printf 'SSH-2.0-x\\r\\n' > $to/$port; done
    curl -s https://one.example.org/ >/dev/null`,
  )
  expect(first.destinations.map(({ host }) => host).toSorted()).toEqual([
    ...Array<string>(4).fill('good.example.org'),
    'one.example.org',
  ])
  // As it is told where no list of names is looked for, and where one is.
  writeFileSync(
    place.at('block.json'),
    '{"domains": [{"value": "evil.example.net", "reason": "test"}]}',
  )
  for (const options of [[], ['--block-list', place.at('block.json')]]) {
    const report = await run(
      'second',
      `${good}; curl -s https://good.example.org/ http://good.example.org/ >/dev/null
      timeout 5 openssl s_client -connect 198.51.100.20:443 -servername SNI.example.org </dev/null >/dev/null 2>&1
      exec 3<>$to/80; printf 'GET / HT' >&3; sleep 0.1; printf 'TP/1.1\\r\\nHost: ho' >&3; sleep 0.1; printf 'st.example.org\\r\\n\\r\\n' >&3
      printf '\\x16\\x03\\x01\\x00\\x04\\x01\\x00\\x00\\x28\\x16\\x03\\x01\\x00\\x28%040d' 0 > $to/8443
      printf 'SSH-2.0-x\\r\\n' > $to/22
      curl -sZ -o /dev/null https://other.example.org/ -o /dev/null https://one.example.org/`,
      ...options,
      '--baseline',
      place.at('first'),
    )
    expect(report.detections.map(({ title }) => title).toSorted()).toEqual([
      '198.51.100.20 port 8443 (tcp) was reached for the first time',
      'host.example.org port 80 (tcp) was reached for the first time',
      'other.example.org port 443 (tcp) was reached for the first time',
      'sni.example.org port 443 (tcp) was reached for the first time',
    ])
    for (const line of ['- host.example.org:80', '- other.example.org', '- sni.example.org'])
      expect(report.recommendedPolicy).toContain(`\n  ${line} #`)
  }
}, 120_000)

test('a baseline that cannot be read stops the run before the command', async () => {
  using place = new Place()
  writeFileSync(place.at('report.json'), '{"schema": 1}')
  for (const [path, why] of [
    ['report.json', 'is no report of Runwarden: it has no destinations'],
    ['nowhere', 'cannot read the baseline'],
    ['.', 'it has no destinations'],
  ] as const) {
    const { status, stderr, stdout } = await place.run([
      '--baseline',
      place.at(path),
      '--',
      'echo',
      'it ran',
    ])
    expect(status).toBe(125)
    expect(stderr).toContain(why)
    expect(stdout).not.toContain('it ran')
  }
})
