import { expect, test } from 'vitest'
import { run, window as query } from '../baselines/past-runs.ts'
import { ServerRig } from '../server-rig.ts'

const window = Object.fromEntries(new URLSearchParams(query))

const simulate = (rig: ServerRig, text: string, more: object = {}) =>
  rig.ask('POST', '/v1/orgs/acme/policy-simulations', {
    as: rig.acme.keys.viewer,
    body: { text, window: { ...window, ...more } },
  })

const lines = (...all: string[]) =>
  `version: 1\negress: block\nallow:\n${all.map((line) => `  - ${line}\n`).join('')}`

test('a policy is tried on past runs before it is saved', async () => {
  await using rig = await ServerRig.start()
  const jobs = [
    await run(rig, ['a.example.org', 'b.example.org']),
    await run(rig, ['a.example.org', 'b.example.org', { host: null, address: '198.51.100.4' }]),
    await run(rig, ['a.example.org']),
  ]
  await run(rig, ['c.example.org'], { job: 'other' })
  const answer = await simulate(rig, lines('a.example.org'))
  expect(answer).toMatchObject({
    status: 200,
    body: {
      summary: 'would have blocked 2 destinations in 2 of the last 3 runs',
      runs: 3,
      refusedRuns: 2,
      refused: [
        {
          host: 'b.example.org',
          port: 443,
          protocol: 'tcp',
          verdict: 'blocked',
          was: ['allowed'],
          runs: 2,
          jobIds: [jobs[1], jobs[0]],
        },
        { host: '198.51.100.4', runs: 1, jobIds: [jobs[1]] },
      ],
    },
  })
  expect(await simulate(rig, lines('a.example.org'), { runs: 1 })).toMatchObject({
    body: { summary: 'would have blocked 0 destinations in 0 of the last 1 runs', refused: [] },
  })
  // A line for another step or program allows nothing.
  const narrowed = '{ endpoint: a.example.org, steps: [deploy] }'
  expect(await simulate(rig, lines(narrowed, '"*.example.org"'))).toMatchObject({
    body: { refusedRuns: 1 },
  })
  expect(await simulate(rig, lines(narrowed))).toMatchObject({ body: { refusedRuns: 3 } })
  expect(
    await simulate(rig, lines('{ endpoint: a.example.org, exe: ["**/npm"], steps: [build] }')),
  ).toMatchObject({ body: { refusedRuns: 2 } })
  // The block list comes before every line.
  await rig.ask('POST', '/v1/orgs/acme/blocklist/entries', {
    as: rig.acme.keys.editor,
    body: { entries: [{ value: 'b.example.org', reason: 'campaign' }] },
  })
  expect(await simulate(rig, lines('"*.example.org"', '198.51.100.4'))).toMatchObject({
    body: { refused: [{ host: 'b.example.org', verdict: 'attack-blocked', runs: 2 }] },
  })
  expect(await simulate(rig, 'version: 1\nallow: [x y]\n')).toMatchObject({
    status: 400,
    body: { error: { code: 'policy-invalid', where: [{ line: 2, column: 9 }] } },
  })
})

test('another organisation’s runs are not simulated', async () => {
  await using rig = await ServerRig.start()
  await run(rig, ['a.example.org'])
  expect(
    await rig.ask('POST', '/v1/orgs/other/policy-simulations', {
      as: rig.other.keys.viewer,
      body: { text: lines('b.example.org') },
    }),
  ).toMatchObject({ status: 200, body: { runs: 0, refused: [] } })
})

test('a policy is made from a run, or from a baseline', async () => {
  await using rig = await ServerRig.start()
  const jobId = await run(rig, ['a.example.org'])
  await run(rig, ['b.example.org'])
  const as = rig.acme.keys.editor
  const save = (from: object, more: object = {}) =>
    rig.ask('PUT', '/v1/orgs/acme/policies/made', { as, body: { from, reason: 'start', ...more } })
  expect(await save({ kind: 'job', jobId })).toMatchObject({
    status: 200,
    body: {
      origin: `job ${jobId}`,
      text: 'version: 1\negress: block\nallow:\n  - a.example.org # npm; in 1 of 1 runs\n',
    },
  })
  expect(await save({ kind: 'baseline', window })).toMatchObject({
    status: 200,
    body: {
      version: 2,
      origin: 'baseline of 2 runs of acme/app, .github/workflows/build.yml, test',
      text: lines('a.example.org # npm; in 1 of 2 runs', 'b.example.org # npm; in 1 of 2 runs'),
    },
  })
  expect(await save({ kind: 'job', jobId: '0'.repeat(20) })).toMatchObject({ status: 404 })
  const wrong = [
    save({ kind: 'job', jobId }, { text: lines('a.example.org') }),
    save({ kind: 'baseline', window: { ...window, job: 'none' } }),
    rig.ask('PUT', '/v1/server/policies/made', {
      headers: { cookie: rig.cookie, origin: rig.url },
      body: { from: { kind: 'job', jobId }, reason: 'x' },
    }),
  ]
  for (const answer of await Promise.all(wrong)) expect(answer).toMatchObject({ status: 400 })
  // Another organisation can't make one of it.
  expect(
    await rig.ask('PUT', '/v1/orgs/other/policies/made', {
      as: rig.other.keys.editor,
      body: { from: { kind: 'job', jobId }, reason: 'x' },
    }),
  ).toMatchObject({ status: 404 })
})
