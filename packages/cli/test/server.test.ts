import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Ended, gather, Place, runwarden, until } from './runwarden.ts'

// Each starts up to seven processes.
vi.setConfig({ testTimeout: 300_000 })

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place[Symbol.dispose]())

interface Started extends AsyncDisposable {
  child: ChildProcess
  url: string
  signInUrl: string | undefined
  /** Ends it by a signal. */
  end: (signal?: NodeJS.Signals) => Promise<Ended>
}

async function start(data: string, ...words: string[]): Promise<Started> {
  const child = place.spawn(runwarden, [
    'server',
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    ...words,
  ])
  const ended = gather(child)
  let said = ''
  child.stdout?.on('data', (text: string) => {
    said += text
  })
  // With the first of it comes all of it: it is written when it listens.
  const url = await Promise.race([
    until(() => /^runwarden server \S+ at (\S+)\n/.exec(said)?.[1]),
    ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ])
  await fetch(`${url}/healthz`)
  const end = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> => {
    if (child.exitCode === null) child.kill(signal)
    return ended
  }
  return {
    child,
    url,
    signInUrl: /once, within a day: (\S+)/.exec(said)?.[1],
    end,
    [Symbol.asyncDispose]: async () => void (await end()),
  }
}

test('it starts over no folder at all, gives its link once, and ends by SIGTERM', async () => {
  const data = place.at('data')
  let { url, signInUrl, end } = await start(data, '--organisations', 'acme')
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ok' })
  expect(signInUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/sign-in\/link\?token=rwl_/)
  const signedIn = await fetch(signInUrl ?? '', {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: url },
  })
  expect(signedIn.status).toBe(303)
  const first = await end()
  expect(first).toMatchObject({ status: 0 })
  // No secret is in the log, nor the query that had it.
  expect(first.stderr).not.toMatch(/rw[a-z]_|token=/)

  ;({ url, signInUrl, end } = await start(data))
  expect(signInUrl).toBeUndefined()
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const me = await fetch(`${url}/v1/me`, { headers: { cookie } })
  expect(await me.json()).toMatchObject({ name: 'admin', organisations: [{ name: 'acme' }] })
  expect(await end('SIGINT')).toMatchObject({ status: 0 })
})

test('keys and links come from the command line while it runs', async () => {
  const data = place.at('data')
  await using server = await start(data)
  const key = await place.exec(runwarden, [
    'server',
    'key',
    '--data',
    data,
    '--organisation',
    'Acme',
    '--role',
    'viewer',
  ])
  expect(key).toMatchObject({ status: 0, stderr: '' })
  const authorization = `Bearer ${key.stdout.trim()}`
  const answer = await fetch(`${server.url}/v1/orgs/acme`, { headers: { authorization } })
  expect(await answer.json()).toMatchObject({ name: 'acme' })

  // The server itself has said in the folder where it is reached.
  const link = await place.exec(runwarden, ['server', 'sign-in', '--data', data])
  expect(link.stdout).toContain(`${server.url}/v1/`)
  const headers = { origin: server.url }
  expect(
    await fetch(link.stdout.trim(), { method: 'POST', redirect: 'manual', headers }),
  ).toMatchObject({ status: 303 })
})

test('in a folder that everybody may read in, what it keeps is its own all the same', async () => {
  const data = place.at('open')
  mkdirSync(data, { mode: 0o755 })
  // As an earlier version has left it.
  writeFileSync(join(data, 'runwarden.sqlite'), '', { mode: 0o644 })
  await using server = await start(data, '--organisations', 'acme')
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  const open = readdirSync(data).filter((name) => (statSync(join(data, name)).mode & 0o077) !== 0)
  expect(open).toEqual([])
})

test('a folder that cannot be made is said at once', async () => {
  for (const words of [
    ['--data', '/proc/none'],
    ['backup', '--data', place.at('none'), '--to', '/proc/none'],
  ])
    expect(await place.exec(runwarden, ['server', ...words])).toMatchObject({ status: 125 })
})

test('a backup while it runs is a folder that another server starts over', async () => {
  const data = place.at('data')
  await using first = await start(data, '--organisations', 'acme')
  const backup = await place.exec(runwarden, [
    'server',
    'backup',
    '--data',
    data,
    '--to',
    place.at('backup'),
  ])
  expect(backup).toMatchObject({ status: 0, stderr: '' })
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
  const restore = [
    'server',
    'restore',
    '--from',
    place.at('backup'),
    '--data',
    place.at('restored'),
  ]
  expect(await place.exec(runwarden, restore)).toMatchObject({ status: 0 })
  expect(await place.exec(runwarden, restore)).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('is not empty'),
  })
  const key = await place.exec(runwarden, [
    'server',
    'key',
    '--data',
    place.at('restored'),
    '--organisation',
    'acme',
    '--role',
    'viewer',
  ])
  await using second = await start(place.at('restored'))
  expect(second.signInUrl).toBeUndefined()
  const answer = await fetch(`${second.url}/v1/orgs/acme`, {
    headers: { authorization: `Bearer ${key.stdout.trim()}` },
  })
  expect(answer.status).toBe(200)
})

test('a second server over a folder, a taken port, a wrong word: it says so and ends with 125', async () => {
  const data = place.at('data')
  await using first = await start(data)
  expect(first.url).toMatch(/^http/)
  const refused = (...words: string[]) => place.exec(runwarden, ['server', ...words])
  expect(await refused('--data', data)).toMatchObject({
    status: 125,
    stderr: expect.stringContaining(`another server runs over ${data}`),
  })
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as { port: number }
  const other = place.at('other')
  expect(await refused('--data', other, '--listen', `127.0.0.1:${port}`)).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('EADDRINUSE'),
  })
  taken.close()
  // The one that could not listen has not used up the link of the first start.
  await using second = await start(other)
  expect(second.signInUrl).toBeDefined()
  expect(await refused()).toMatchObject({
    status: 125,
    stderr: expect.stringContaining('--data DIR is missing'),
  })
  expect(await refused('bakup')).toMatchObject({
    status: 125,
    stderr: expect.stringContaining("did you mean 'backup'?"),
  })
})

test.each([
  [
    ['--data', 'data', '--organisation', 'foo'],
    "no option '--organisation'; did you mean --organisations?",
  ],
  [['backup', '--data', 'data', '--from', 'x'], "no option '--from'"],
])('an option of another verb is none: %j', async (words, says) => {
  expect(await place.exec(runwarden, ['server', ...words])).toMatchObject({
    status: 125,
    stderr: expect.stringContaining(says),
  })
})

test('a data folder that cannot be made says so, and what to do', async () => {
  writeFileSync(place.at('file'), '')
  const data = place.at('file')
  const { status, stderr } = await place.exec(runwarden, ['server', '--data', data])
  expect(status).toBe(125)
  expect(stderr).toContain(`the folder ${data} can't be made: what has its name is no folder`)
  expect(stderr).toContain('--data')
})
