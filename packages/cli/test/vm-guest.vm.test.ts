import { writeFileSync } from 'node:fs'
import { startLab } from '@runwarden/lab'
import { userNetworkGuest } from '@runwarden/lab/vm'
import { expect, test } from 'vitest'
import { bad, expectNothingElseLeft, fetchGood, good, reachForBad, servers } from './containers.ts'
import { Place, runwarden } from './runwarden.ts'

test('a virtual machine on user-mode networking reaches what the policy allows and nothing else', async () => {
  await using lab = await startLab({ servers })
  using place = new Place()
  // It trusts nobody's certificates: what is asked is whether the server is reached.
  const guest = await userNetworkGuest(`${fetchGood} -k; ${reachForBad}`, place.path)
  writeFileSync(place.at('policy.yml'), `version: 1\negress: block\nallow:\n  - ${good.name}\n`)
  const ended = await lab.runner.exec(
    runwarden,
    ['run', '--policy', 'policy.yml', '--quiet', '--out', place.out, '--', ...guest],
    { cwd: place.path, timeout: 500_000 },
  )
  expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining('hello') })
  await expectNothingElseLeft(lab)
  const { destinations, dns } = place.report()
  expect(dns).toContainEqual(expect.objectContaining({ name: bad.name, verdict: 'blocked' }))
  const refused = destinations.filter(({ verdict }) => verdict === 'blocked')
  expect(refused.map(({ address }) => address)).toContain(bad.v4)
  for (const { processes } of refused)
    expect(processes.map(({ exe }) => exe)).toEqual(['/usr/bin/qemu-system-x86_64'])
}, 600_000)
