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
