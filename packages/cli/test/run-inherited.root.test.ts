import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

test('what the environment says to node and the loader reaches the command, and not the agent', async () => {
  // Each would be seen: an end before the start, a file of coverage, a line of the loader's.
  const variables = {
    NODE_OPTIONS: '--require /nonexistent.js',
    NODE_V8_COVERAGE: place.at('coverage'),
    LD_PRELOAD: '/nonexistent.so',
    NODE_AUTH_TOKEN: 'a secret of the job',
  }
  const { status, stdout, stderr } = await place.exec(
    '/bin/sh',
    ['-c', `${runwarden} run --quiet --secret-env NODE_AUTH_TOKEN --out out env 2>said`],
    { env: variables },
  )
  expect(stderr).not.toContain('/nonexistent.js')
  expect(status).toBe(0)
  for (const [name, value] of Object.entries(variables))
    expect(stdout.split('\n')).toContain(`${name}=${value}`)
  expect(stdout).not.toContain('RUNWARDEN')
  expect(existsSync(place.at('coverage'))).toBe(false)
  expect(place.report().detections.map(({ id }) => id)).toEqual(['secret-in-build-log'])
})

test('arguments and variables that are no UTF-8 reach the command as they are', async () => {
  const given = String.raw`export PLAIN=$'\xe9\xff=' NODE_ASIDE=$'a\xfe' SET=$'b\xfd'`
  const shown = `bash -c 'printf "%s|" "$@" "$PLAIN" "$NODE_ASIDE" "$SET" | od -An -tx1'`
  const words = String.raw`name $'r\xe9s' plain $'\xff' 'A1=2'`
  const [bare, watched] = await Promise.all(
    ['', `${runwarden} run --quiet --out out`].map((before) =>
      place.exec('/bin/bash', ['-c', `${given}; ${before} ${shown} ${words}`]),
    ),
  )
  expect(watched?.stdout).toBe(bare?.stdout)
  expect(bare?.stdout).toMatch(/e9 ff 3d[^]*fe[^]*fd/)
})

const show = 'ulimit -Sn; ulimit -Hn; grep SigIgn /proc/self/status'

test.for([
  ['as usual', ''],
  ['under a low limit of descriptors', 'ulimit -Sn 512'],
  ['under nohup', "trap '' HUP INT"],
])('the command has its limit and its ignored signals, %s', async ([, before]) => {
  writeFileSync(place.at('show'), show)
  const bare = await place.exec('/bin/sh', ['-c', `${before}\nsh ./show`])
  const watched = await place.exec('/bin/sh', [
    '-c',
    `${before}\n${runwarden} run --quiet --out out sh ./show`,
  ])
  expect(watched.stdout).toBe(bare.stdout)
})

test.for([
  ['0', '<&-'],
  ['1', '>&-'],
  ['2', '2>&-'],
])('a standard stream that is closed is empty for the command: %s', async ([number, closed]) => {
  const run = `${runwarden} run --quiet --out out bash -c 'readlink /proc/$$/fd/${number} >seen; exit 0'`
  const { status } = await place.exec('/bin/sh', ['-c', `${run} ${closed}`])
  expect(status).toBe(0)
  expect(readFileSync(place.at('seen'), 'utf8')).toBe('/dev/null\n')
})
