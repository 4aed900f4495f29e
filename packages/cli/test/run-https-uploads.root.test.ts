import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

const name = 'api.example.com'
const address = '198.51.100.40'
const bytes = 96 * 1024
const parallel = 500
const policy = `version: 1
egress: block
allow:
  - https: ${name}
    methods: [PUT]
    paths: ["/repos/acme/**"]
`

let lab: Lab
let place: Place
let server: ChildProcess
let uploads: string
beforeAll(async () => {
  place = new Place()
  lab = await startLab({ servers: [{ name, addresses: [address], ports: {} }] })
  const { cert, key } = await lab.internet.issue([name])
  uploads = place.at('uploads')
  writeFileSync(uploads, '')
  const settings = JSON.stringify({ cert, key, address, uploads })
  const script = join(import.meta.dirname, 'acts/upload-server.mjs')
  server = spawn(
    'nsenter',
    [`--net=/proc/${lab.internet.pid}/ns/net`, process.execPath, script, settings],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  if (server.stdout !== null) await once(server.stdout, 'data')
  writeFileSync(place.at('policy.yml'), policy)
}, 120_000)
afterAll(async () => {
  server.kill('SIGKILL')
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

/** A body that nobody else has. */
const body = (path: string): string => path.repeat(Math.ceil(bytes / path.length)).slice(0, bytes)

const allowed = Array.from({ length: parallel }, (_, i) => `/repos/acme/marker-${i}`)
const whole = (path: string, version: string): string =>
  `${version} ${path} ${createHash('sha256').update(body(path)).digest('hex')}`

/** @returns of the allowed uploads those that did not arrive as they were sent, and what arrived beside them */
function differences(arrived: readonly string[], version: string) {
  const expected = new Set(allowed.map((path) => whole(path, version)))
  return {
    missing: [...expected].filter((line) => !arrived.includes(line)).slice(0, 20),
    others: arrived.filter((line) => !expected.delete(line)).slice(0, 20),
  }
}

const none = { missing: [], others: [], untold: [], said: [], lost: {} }

/** @returns what arrived, and what was told of it */
async function attempt(job: string) {
  writeFileSync(uploads, '')
  writeFileSync(place.at('job.sh'), job)
  const args = [
    'run',
    '--quiet',
    '--policy',
    'policy.yml',
    '--out',
    place.out,
    '--',
    'bash',
    'job.sh',
  ]
  const { stderr } = await lab.runner.exec(runwarden, args, { cwd: place.path, timeout: 500_000 })
  const told = place.eventsOf('http.request')
  const passed = new Set(
    told.filter(({ verdict }) => verdict === 'allowed').map(({ path }) => path),
  )
  return {
    // The shell tells which of its children were ended.
    said: stderr.split('\n').filter((line) => line !== '' && !/ Killed .*\/evil\//.test(line)),
    untold: allowed.filter((path) => !passed.has(path)).slice(0, 20),
    arrived: readFileSync(uploads, 'utf8').split('\n').filter(Boolean),
    refused: told
      .filter(({ verdict }) => verdict === 'blocked')
      .map(({ path }) => path)
      .toSorted(),
    lost: place.report().health.eventsLost,
  }
}

const all = `const paths = Array.from({ length: ${parallel} }, (_, i) => "/repos/acme/marker-" + i)
  const body = (path) => path.repeat(Math.ceil(${bytes} / path.length)).slice(0, ${bytes})`

test('500 uploads at a time over HTTP/1.1, of one process: all arrive in full', async () => {
  const { arrived, ...ended } = await attempt(`node -e '
  ${all}
  const agent = new (require("node:https").Agent)({ maxSockets: Infinity })
  for (const path of paths)
    require("node:https").request("https://${name}" + path, { method: "PUT", agent }, (answer) => answer.resume()).end(body(path))'`)
  expect({ ...ended, ...differences(arrived, '1.1') }).toEqual({ ...none, refused: [] })
}, 600_000)

test('500 uploads at a time over one connection of HTTP/2: all arrive in full', async () => {
  const { arrived, ...ended } = await attempt(`node -e '
  ${all}
  const session = require("node:http2").connect("https://${name}", { maxSessionMemory: 1000 })
  let open = paths.length
  for (const path of paths)
    session.request({ ":path": path, ":method": "PUT" }).resume().on("close", () => --open || session.close()).end(body(path))'`)
  expect({ ...ended, ...differences(arrived, '2.0') }).toEqual({ ...none, refused: [] })
}, 600_000)

test('500 processes at a time: what is allowed arrives in full, and of the rest nothing', async () => {
  const evil = Array.from({ length: 100 }, (_, i) => `/evil/marker-${i}`)
  const commands = allowed.flatMap((path, i) => (i % 5 === 0 ? [path, evil[i / 5] ?? ''] : [path]))
  const job = commands.map((path, i) => {
    writeFileSync(place.at(`body-${i}`), body(path))
    return `curl -sS --max-time 400 -o /dev/null -T body-${i} https://${name}${path} &\n`
  })
  const { arrived, ...ended } = await attempt(`${job.join('')}wait; true`)
  expect({ ...ended, ...differences(arrived, '2.0') }).toEqual({
    ...none,
    refused: evil.toSorted(),
  })
}, 600_000)
