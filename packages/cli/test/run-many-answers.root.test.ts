import { writeFileSync } from 'node:fs'
import { startLab } from '@runwarden/lab'
import { expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

/** So many addresses of one answer are looked at. */
const each = 256

test('more addresses than are remembered: the report says what is not known from then on', async () => {
  using place = new Place()
  const names = Array.from({ length: 65_536 / each + 16 }, (_, name) => `n${name}.example.org`)
  await using lab = await startLab({
    records: Object.fromEntries(
      names.map((name, index) => [
        name,
        Array.from({ length: each }, (_, last) => `10.7${index >> 8}.${index & 255}.${last}`),
      ]),
    ),
  })
  writeFileSync(place.at('names'), names.map((name) => `${name} A\n`).join(''))
  const run = ['run', '--quiet', '--out', place.out, '--']
  const dig = ['dig', '+tcp', '+timeout=100', '+short', '-f', place.at('names')]
  const { status, stdout, stderr } = await lab.runner.exec(runwarden, [...run, ...dig], {
    timeout: 200_000,
  })
  expect(status, stderr).toBe(0)
  expect(stdout.trim().split('\n').length).toBeGreaterThan(65_536)
  expect(place.report().health.gaps).toContainEqual(
    expect.stringMatching(
      /^more than 65536 addresses were answered: what the kernel lets pass by name/,
    ),
  )
}, 300_000)
