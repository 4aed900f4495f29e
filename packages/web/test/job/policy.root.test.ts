import { afterAll, beforeAll, expect, test } from 'vitest'
import { choose, fill } from '../rig/choose.ts'
import { type AppPage, Web } from '../rig/web.ts'

let web: Web
beforeAll(async () => {
  web = await Web.start()
})
afterAll(() => web[Symbol.asyncDispose]())

const open = async (tab: string, run: string, job: string, more = ''): Promise<AppPage> => {
  const repository = { 4300: 'acme/empty' }[run] ?? 'acme/app'
  const id = await web.job(run, job)
  return web.open(`/github/${repository}/actions/runs/${run}/jobs/${id}?tab=${tab}${more}`)
}

const textOf = (page: AppPage, label: string): Promise<string> =>
  page.run(
    (name) =>
      [...document.querySelectorAll('pre')].find((one) => one.ariaLabel === name)?.textContent ??
      '',
    label,
  )

test('the recommended policy is a document, or a step of a workflow', async () => {
  const page = await open('recommended', '4100', 'build')
  expect(await textOf(page, 'Recommended policy')).toContain('  - registry.example.org')
  await page.sees('button', 'Copy policy')
  await page.click('button', 'Step of a workflow')
  await page.sees('button', 'Copy step')
  expect(await textOf(page, 'Step of a workflow')).toBe(
    [
      '- uses: OWNER/runwarden@v1',
      '  with:',
      '    egress-policy: block',
      '    allowed-endpoints: |',
      '      registry.example.org',
      '',
    ].join('\n'),
  )
  expect(await page.run(() => location.search)).toContain('form=workflow')
  await page.checked()
})

test('of the job’s runs together each line has its evidence', async () => {
  const page = await open('recommended', '4101', 'build')
  await page.click('button', 'The last 100 runs')
  await page.sees('heading', 'Evidence for each line')
  const lines = await page.run(() =>
    [...document.querySelectorAll('.part tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) =>
        cell.textContent.replace(/\(.*\)|\d+ \w+ ago/g, '').trim(),
      ),
    ),
  )
  expect(lines).toContainEqual([
    'registry.example.org:443',
    '2 of 2',
    expect.any(String),
    expect.any(String),
    'install',
    '/usr/bin/curl',
  ])
  await page.checked()
})

test('a policy is tried against past runs, and saved to the store with a reason', async () => {
  const page = await open('recommended', '4100', 'build')
  await page.click('button', 'Simulate on the last 50 runs')
  await page.until(
    () => document.querySelector('.simulated')?.textContent.includes('of the last 2 runs') === true,
  )
  await page.click('button', 'Save to the store…')
  await page.sees('dialog', 'Save the recommended policy')
  await page.sees('textbox', 'Its name')
  await fill(page, 'Its name', 'app-build')
  await fill(page, 'Reason', 'what the first run needed')
  await page.until(() => document.querySelector('dialog .simulated output') !== null)
  await page.checked()
  await page.click('button', 'Save')
  await page.until(
    () =>
      document.querySelector('dialog output')?.textContent.includes('Saved as version 1') === true,
  )
  await page.click('button', 'Close')
  const { body } = await web.rig.ask('GET', '/v1/orgs/acme/policies/app-build', {
    as: web.rig.acme.keys.viewer,
  })
  expect(body).toMatchObject({ version: 1, reason: 'what the first run needed' })
})

test('a line is added to a policy of the store from where it is missing', async () => {
  const page = await open('network', '4101', 'build')
  await page.sees('button', /^why\? telemetry/)
  await page.click('button', /^why\? telemetry/)
  await page.sees('button', 'Add to a policy…')
  await page.click('button', 'Add to a policy…')
  await page.sees('dialog', 'Allow telemetry.example.net')
  await page.sees('combobox', 'Policy')
  await choose(page, 'Policy', 'app-build')
  await page.until(
    () =>
      document.querySelector('dialog .added')?.textContent.includes('telemetry.example.net:443') ===
      true,
  )
  await page.until(
    () => document.querySelector('dialog .simulated')?.textContent.includes('would have') === true,
  )
  await page.checked()
  await fill(page, 'Reason', 'the tool reports there')
  await page.click('button', 'Save')
  await page.until(
    () =>
      document.querySelector('dialog output')?.textContent.includes('Saved as version 2') === true,
  )
  const { body } = await web.rig.ask('GET', '/v1/orgs/acme/policies/app-build', {
    as: web.rig.acme.keys.viewer,
  })
  expect((body as { text: string }).text).toContain('  - "telemetry.example.net:443"\n')
})

test('somebody else’s save meanwhile is told, and not lost', async () => {
  const page = await open('network', '4101', 'test')
  await page.click('button', /^why\? api/)
  await page.sees('button', 'Add to a policy…')
  await page.click('button', 'Add to a policy…')
  await page.sees('combobox', 'Policy')
  await choose(page, 'Policy', 'app-build')
  await page.until(() => document.querySelector('dialog .added') !== null)
  await web.rig.ask('PUT', '/v1/orgs/acme/policies/app-build', {
    as: web.rig.acme.keys.editor,
    body: { text: 'version: 1\negress: audit\n', reason: 'meanwhile' },
  })
  await fill(page, 'Reason', 'mine')
  await page.sees('button', 'Save')
  await page.click('button', 'Save')
  await page.until(() => document.querySelector('dialog [role=alert]') !== null)
  await page.checked({ status: 409 })
})

test('each line that decided is told with where it came from', async () => {
  const page = await open('policy', '4101', 'build')
  await page.sees('heading', 'From the policy store')
  const rows = await page.run(() =>
    [...document.querySelectorAll('[aria-labelledby=decided-title] tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) => cell.textContent),
    ),
  )
  expect(rows).toEqual([
    ['attack-blocked', 'stealer.example.net', '2', '4', expect.stringMatching(/^the block list/)],
    [
      'allowed',
      'registry.example.org:443',
      '1',
      expect.any(String),
      expect.stringMatching(/^the option --allow/),
    ],
    ['blocked', 'none', expect.any(String), expect.any(String), 'no line of the policy'],
  ])
  await page.checked()
})

test('the policy that was in force stands there line by line, as the agent told it', async () => {
  const page = await open('policy', '4101', 'build')
  await page.sees('heading', 'In force')
  const rows = await page.run(() =>
    [...document.querySelectorAll('[aria-labelledby=lines-title] tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].map((cell) => cell.textContent),
    ),
  )
  expect(rows).toEqual([
    ['1', 'version: 1', 'put together'],
    ['2', 'egress: block', 'put together'],
    ['3', 'fail-mode: closed', 'put together'],
    ['4', 'allow:', 'put together'],
    ['5', '  - "registry.example.org:443"', '--allow (1):1'],
    ['6', '  - "registry.example.org:80"', '--allow (2):1'],
  ])
  await page.checked()
})
