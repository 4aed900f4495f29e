import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentError } from '../../src/errors.ts'
import { JobSocket } from '../../src/jobs/socket.ts'
import { requireSameProcess } from '../../src/jobs/who-asks.ts'
import { processStart } from '../../src/run-state.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runwarden-socket-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const nonce = 'ab'.repeat(32)
const status = `${JSON.stringify({ op: 'status', nonce })}\n`

async function connected(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true })
  socket.setEncoding('utf8')
  await once(socket, 'connect')
  return socket
}

async function answerTo(path: string, line: string): Promise<unknown> {
  const socket = await connected(path)
  socket.write(line)
  let text = ''
  for await (const part of socket) text += String(part)
  socket.destroy()
  return JSON.parse(text)
}

test('who asks is named by the kernel, and gets one answer', async () => {
  const path = join(folder, 'a.sock')
  const peers: number[] = []
  const socket = await JobSocket.listen(
    path,
    () => '',
    (request, { pid }) => {
      peers.push(pid)
      return Promise.resolve({ op: request.op })
    },
  )
  expect(await answerTo(path, status)).toEqual({ ok: true, value: { op: 'status' } })
  expect(await answerTo(path, `${status}${status}`)).toMatchObject({ ok: true })
  expect(peers).toEqual([process.pid, process.pid])
  expect(await answerTo(path, 'nonsense\n')).toMatchObject({ ok: false, code: 'BAD_REQUEST' })
  await socket.close()
})

test('who may not ask is told so before having said anything', async () => {
  const path = join(folder, 'b.sock')
  const socket = await JobSocket.listen(
    path,
    () => {
      throw new AgentError('NOT_A_STAGE', 'it is none', 'be one')
    },
    () => Promise.reject(new Error('nobody may ask')),
  )
  const refused = { ok: false, code: 'NOT_A_STAGE', message: 'it is none', advice: 'be one' }
  expect(await answerTo(path, '')).toEqual(refused)
  expect(await answerTo(path, status)).toEqual(refused)
  await socket.close()
})

test('its end waits for answers that are under way, and for nobody who says nothing', async () => {
  const path = join(folder, 'c.sock')
  const asked = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<string>()
  const socket = await JobSocket.listen(
    path,
    () => '',
    () => {
      asked.resolve()
      return answered.promise
    },
  )
  const silent = await connected(path)
  const half = await connected(path)
  half.write('{"op":')
  const gone = Promise.all([once(silent, 'end'), once(half, 'end')])
  silent.resume()
  half.resume()
  const answer = answerTo(path, status)
  await asked.promise
  const closed = socket.close()
  await gone
  answered.resolve('late')
  expect(await answer).toEqual({ ok: true, value: 'late' })
  await closed
  silent.destroy()
  half.destroy()
})

test('who sends byte by byte is not listened to without an end', async () => {
  const path = join(folder, 'd.sock')
  const socket = await JobSocket.listen(
    path,
    () => '',
    () => Promise.reject(new Error('nothing whole came')),
  )
  const slow = await connected(path)
  slow.on('error', () => {})
  const writing = setInterval(() => slow.write(' '), 100)
  slow.resume()
  // By an end, or by a broken pipe under its writes.
  await new Promise((done) => slow.on('close', done))
  clearInterval(writing)
  slow.destroy()
  await socket.close()
}, 300_000)

/** Holds all the connections that it gets, and sends byte by byte without an end; says once that it has tried. */
const greedy = `
let asked = 0
const hold = () => {
  const socket = require('net').connect({ path: process.argv[1], allowHalfOpen: true })
  const sending = setInterval(() => socket.write('x'), 100)
  socket.on('connect', () => { if (++asked === 40) console.log('all') }).on('error', () => {}).resume()
  socket.on('close', () => { clearInterval(sending); setTimeout(hold, 10) })
}
for (let i = 0; i < 40; i++) hold()
`

test.each([
  ['may not ask', () => Promise.reject(new Error('it is read'))],
  ['looks like a stage', () => new Promise(() => {})],
])(
  'a process without rights that %s takes no place of those who ask, whatever it holds',
  async (which, answerOther) => {
    const path = join(folder, 'e.sock')
    chmodSync(folder, 0o755)
    const socket = await JobSocket.listen(
      path,
      ({ pid, uid }) => {
        if (pid === process.pid) return 'worker'
        if (which === 'may not ask') throw new AgentError('NOT_A_STAGE', 'it is none', '')
        return `user ${uid}`
      },
      ({ op }, { pid }) => (pid === process.pid ? Promise.resolve({ op }) : answerOther()),
    )
    const other = spawn(process.execPath, ['-e', greedy, path], {
      uid: 65_534,
      gid: 65_534,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      await once(other.stdout, 'data')
      for (let time = 0; time < 20; time++)
        expect(await answerTo(path, status)).toEqual({ ok: true, value: { op: 'status' } })
    } finally {
      other.kill('SIGKILL')
      await once(other, 'exit')
    }
    await socket.close()
  },
)

test('of more than the agent has descriptors for, the oldest that says nothing makes room', async () => {
  const path = join(folder, 'f.sock')
  let places = 0
  const socket = await JobSocket.listen(
    path,
    () => `user ${places++}`,
    ({ op }) => Promise.resolve({ op }),
  )
  const all: Socket[] = []
  for (let i = 0; i < 256; i++) all.push(await connected(path))
  const [first] = all
  if (first === undefined) throw new Error('none is connected')
  const ended = once(first, 'end')
  first.resume()
  expect(await answerTo(path, status)).toEqual({ ok: true, value: { op: 'status' } })
  await ended
  expect(all.slice(1).filter(({ readableEnded }) => readableEnded)).toEqual([])
  for (const one of all) one.destroy()
  await socket.close()
})

test('a process that has ended does not ask, nor one that has its number since', () => {
  const start = processStart(process.pid)
  expect(() => requireSameProcess({ pid: process.pid, uid: 0, gid: 0, start })).not.toThrow()
  for (const other of ['1', undefined])
    expect(() => requireSameProcess({ pid: process.pid, uid: 0, gid: 0, start: other })).toThrow(
      'had ended before it asked',
    )
})
