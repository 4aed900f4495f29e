import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type ExecResult, type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { heldBy, stillThere } from './traces.ts'
import { Place, runwarden, until } from './runwarden.ts'

let lab: Lab
let place: Place
beforeAll(async () => {
  place = new Place()
  lab = await startLab({
    servers: [
      { name: 'good.example.com', addresses: ['198.51.100.10'], ports: { http: 80 } },
      { name: 'late.example.com', addresses: ['198.51.100.11'], ports: { http: 80 } },
      { addresses: ['203.0.113.9', '2001:db8:9::9'], ports: { tcp: 9000, udp: 9001 } },
    ],
  })
  // Other runs of this machine would clean up what this test looks for.
  await lab.runner.exec('mount', ['-t', 'tmpfs', 'none', '/run'])
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** What the job does once it is told to; each line says how it went. */
const job = `
try() {
  timeout 20 "$@" >/dev/null 2>&1
  case $? in 0) echo "$name: passed" ;; 124) echo "$name: no answer" ;; *) echo "$name: refused" ;; esac >>acts
}
curl -s -o /dev/null http://good.example.com/before && echo started >>acts
until [ -e go ]; do sleep 0.02; done
name=tcp; try bash -c '>/dev/tcp/203.0.113.9/9000'
name=tcp6; try bash -c '>/dev/tcp/2001:db8:9::9/9000'
name=udp; try bash -c 'echo data >/dev/udp/203.0.113.9/9001'
name=name; try curl -s http://late.example.com/
name=address; try curl -s http://198.51.100.11/
name=allowed; try curl -s http://198.51.100.10/after
echo done >>acts
exec sleep 1000
`
const acts = (): string =>
  existsSync(place.at('acts')) ? readFileSync(place.at('acts'), 'utf8') : ''

/** A run after it. */
const runNext = (): Promise<ExecResult> =>
  lab.runner.exec(runwarden, ['run', '--quiet', '--out', place.out, '--', 'true'], {
    cwd: place.path,
  })

test('a killed agent: policy stays enforced on what still runs; the next start cleans up and says so', async () => {
  const child = lab.runner.spawn(
    runwarden,
    [
      'run',
      '--egress',
      'block',
      '--allow',
      'good.example.com:80 late.example.com:80',
      '--out',
      place.out,
      '--',
      'bash',
      '-c',
      job,
    ],
    { cwd: place.path, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const agent = child.pid ?? 0
  await until(() => acts().includes('started'))
  const held = heldBy(agent)
  expect(held.programs.length).toBeGreaterThan(10)
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')

  writeFileSync(place.at('go'), '')
  await until(() => acts().includes('done'))
  expect(acts().split('\n')).toEqual([
    'started',
    'tcp: refused',
    'tcp6: refused',
    'udp: refused',
    // Allowed, but nobody is there to answer for names any more: fail closed, at once.
    'name: refused',
    'address: refused',
    // Learned while the agent lived.
    'allowed: passed',
    'done',
    '',
  ])
  const records = await lab.internet.records()
  expect(
    records.map(({ address, requests }) => [address, requests?.map(({ path }) => path)]),
  ).toEqual([
    ['198.51.100.10', ['/before']],
    ['198.51.100.10', ['/after']],
  ])

  const another = await runNext()
  expect(another).toMatchObject({
    status: 0,
    stderr: expect.stringContaining(
      `lost its agent (process ${agent}); its policy stays enforced on processes`,
    ),
  })
  const [, pid = ''] = /on processes (\d+)/.exec(another.stderr) ?? []
  expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).toBe('sleep\x001000\0')
  process.kill(Number(pid), 'SIGKILL')
  await until(() => !existsSync(`/proc/${pid}`))

  const next = await runNext()
  expect(next).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(
      new RegExp(
        `cleaned up after run ${agent}-.*, whose agent \\(process ${agent}\\) did not end properly`,
      ),
    ),
  })
  expect(
    (
      await lab.runner.exec('sh', [
        '-c',
        `ls /run; cat /proc/self/mounts; find /sys/fs/cgroup -name 'runwarden-${agent}-*'`,
      ])
    ).stdout,
  ).not.toContain(`${agent}-`)
  await until(() => {
    const { programs, maps } = stillThere(held)
    return programs.length + maps.length === 0
  })
  expect(await runNext()).toMatchObject({ status: 0, stderr: '' })
})
