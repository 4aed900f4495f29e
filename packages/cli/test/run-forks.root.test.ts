import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({
    servers: [{ name: 'a.example.com', addresses: ['198.51.100.20'], ports: { http: 80 } }],
  })
})
afterAll(() => lab[Symbol.asyncDispose]())

async function inBash(place: Place, script: string): Promise<void> {
  const { status, stderr } = await lab.runner.exec(
    runwarden,
    ['run', '--quiet', '--out', place.out, '--', 'bash', '-ec', script],
    { cwd: place.path, timeout: 120_000 },
  )
  expect(status, stderr).toBe(0)
}

test('what a subshell does is told of the program that it runs', async () => {
  using place = new Place()
  await inBash(
    place,
    `( echo 1 > written )
( ( : > /dev/tcp/a.example.com/80 ) )
( getent hosts a.example.com )`,
  )
  const [bash, ...others] = place.eventsOf('process.exec')
  expect(bash).toMatchObject({ exe: expect.stringMatching(/bash$/) as string })
  expect(bash?.forkOf).toBeUndefined()
  const written = place.eventsOf('file.create').filter(({ path }) => path.endsWith('/written'))
  expect(written).toMatchObject([{ forkOf: bash?.execId }])
  expect(place.eventsOf('net.connect')).toMatchObject([
    { forkOf: bash?.execId, host: 'a.example.com' },
  ])
  const getent = others.find(({ exe }) => exe.endsWith('/getent'))
  const asked = place.eventsOf('dns.query').filter(({ execId }) => execId === getent?.execId)
  expect(asked).not.toEqual([])
  expect(asked.filter(({ forkOf }) => forkOf !== undefined)).toEqual([])
  expect(place.report().destinations).toMatchObject([
    { host: 'a.example.com', processes: [{ exe: bash?.exe }] },
  ])
})

test('a name is told after the program that asked for it, however soon it did', async () => {
  using place = new Place()
  await inBash(
    place,
    `for i in $(seq 60); do getent hosts now$i.example.com; sh -c "exec getent hosts next$i.example.com"; done || true`,
  )
  const program = new Map<string | null, string>()
  const askers: string[] = []
  for (const event of place.events()) {
    if (event.kind === 'process.exec') program.set(event.execId, event.exe)
    if (event.kind === 'dns.query') askers.push(program.get(event.execId) ?? 'nobody')
  }
  expect(askers.length).toBeGreaterThanOrEqual(120)
  expect(askers.filter((exe) => !exe.endsWith('/getent'))).toEqual([])
})
