import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WindowsSource } from '../../src/observe/windows.ts'

/** How PowerShell is asked and ended: in its place is a script that answers lines. What PowerShell itself says was not tried. */
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'windows-source-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function standIn(body: string): string {
  const path = join(folder, `${body.length}.sh`)
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  return path
}

test('each look is one line asked and one answered, by one process', async () => {
  const answer = `{\\"processes\\":[],\\"connections\\":[],\\"names\\":[{\\"Entry\\":\\"n$count.example\\",\\"Data\\":\\"203.0.113.1\\"}]}`
  const script = `count=0\nwhile read -r line; do count=$((count + 1)); echo "${answer}"; done`
  using source = new WindowsSource('C:\\Windows', standIn(script))
  expect([...(await source.look()).names.values()]).toEqual([['n1.example']])
  expect([...(await source.look()).names.values()]).toEqual([['n2.example']])
})

test.each([
  ['ends', 'read -r line', /PowerShell did not tell .*: it has ended/],
  ['says what failed', 'read -r line; echo \'{"error":"Access denied"}\'', /: Access denied/],
  ['writes something else', 'read -r line; echo oops', /no JSON/],
])('a PowerShell that %s is told of', async (_, script, message) => {
  using source = new WindowsSource('C:\\Windows', standIn(script))
  await expect(source.look()).rejects.toThrow(message)
})

test('a machine without PowerShell is told of', async () => {
  using source = new WindowsSource('C:\\Windows', '/nowhere/powershell.exe')
  await expect(source.look()).rejects.toThrow(/PowerShell did not tell .*ENOENT/)
})
