import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commonPlaces } from '../../src/tls/common-places.ts'

const place = mkdtempSync(join(tmpdir(), 'runwarden-places-'))
afterAll(() => rmSync(place, { recursive: true }))

test('programs of the PATH that bring TLS, where they are', () => {
  for (const folder of ['a', 'b', 'c']) mkdirSync(join(place, folder))
  writeFileSync(join(place, 'a/node'), '')
  writeFileSync(join(place, 'a/other'), '')
  symlinkSync('nowhere', join(place, 'b/gh'))
  symlinkSync('../a/node', join(place, 'c/terraform'))
  const path = ['a', 'missing', 'b', 'c'].map((folder) => join(place, folder))
  const found = commonPlaces([...path, 'relative', ''].join(':'))
  expect(found.filter((file) => file.startsWith(place))).toEqual([
    join(place, 'a/node'),
    join(place, 'c/terraform'),
  ])
})

test("this machine's OpenSSL, without anything in the PATH", () => {
  expect(commonPlaces('')).toContainEqual(expect.stringMatching(/^\/usr\/lib.*\/libssl\.so\.\d/))
})
