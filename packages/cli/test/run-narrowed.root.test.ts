import { chmodSync, linkSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import type { Event, EventOf } from '@runwarden/events'
import { type Lab, startLab } from '@runwarden/lab'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileAct } from '../../sensor/test/observed.ts'
import { Place, runwarden } from './runwarden.ts'
import { arrived, expectAllowedAlone, tryAll, type Way } from './ways.ts'

let place: Place
let lab: Lab

const v4 = '198.51.100.77'
const v6 = '2001:db8:1::77'

beforeAll(async () => {
  place = new Place()
  for (const program of ['bin/fetch', 'elsewhere/fetch', 'bin/loose', 'bin/by-its-end'])
    place.copyProgram('/usr/bin/curl', program)
  place.copyProgram('/usr/bin/bash', 'bin/say')
  chmodSync(place.at('bin/loose'), 0o777)
  mkdirSync(place.at('served'))
  writeFileSync(
    place.at('script'),
    `#!${place.at('bin/say')}\nexec 3<> /dev/tcp/${v4}/8080\nprintf 'GET /script HTTP/1.0\\r\\n\\r\\n' >&3\n`,
    { mode: 0o755 },
  )
  linkSync(place.at('bin/fetch'), place.at('bin/hard-link'))
  symlinkSync(place.at('bin/fetch'), place.at('elsewhere/symbolic-link'))
  writeFileSync(place.at('request'), 'GET /inherited HTTP/1.0\r\n\r\n')
  lab = await startLab({
    servers: [
      { name: 'narrowed.example.com', addresses: [v4, v6], ports: { http: 8080, udp: 8081 } },
    ],
  })
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  place[Symbol.dispose]()
})

const ways = (): Way[] => {
  const fetch = place.at('bin/fetch')
  const url = (mark: string): string => `http://${v4}:8080/${mark}`
  return [
    { mark: 'itself', allowed: true, script: `${fetch} -sS ${url('itself')}` },
    { mark: 'ipv6', allowed: true, script: `${fetch} -sSg 'http://[${v6}]:8080/ipv6'` },
    { mark: 'child', allowed: true, script: `sh -c '${fetch} -sS ${url('child')}; true'` },
    {
      mark: 'symbolic-link',
      allowed: true,
      script: `${place.at('elsewhere/symbolic-link')} -sS ${url('symbolic-link')}`,
    },
    {
      mark: 'by-its-end',
      allowed: true,
      script: `${place.at('bin/by-its-end')} -sS ${url('by-its-end')}`,
    },
    {
      mark: 'datagram',
      allowed: true,
      script: `${place.at('bin/say')} -c 'echo datagram > /dev/udp/${v4}/8081'`,
    },
    { mark: 'script', allowed: true, script: place.at('script') },
    {
      mark: 'thread',
      allowed: true,
      script: `/usr/bin/python3 -c 'import threading, urllib.request
threading.Thread(target=urllib.request.urlopen, args=["${url('thread')}"]).start()'`,
    },
    // A socket goes on for who gets it: as bytes would that the program passes on.
    {
      mark: 'inherited',
      allowed: true,
      script: `${place.at('bin/say')} -c 'exec 3<> /dev/tcp/${v4}/8080; exec cat ${place.at('request')} >&3'`,
    },
    {
      mark: 'became-another',
      allowed: false,
      script: `${place.at('bin/say')} -c 'exec curl -sS ${url('became-another')}'`,
    },
    { mark: 'other', allowed: false, script: `curl -sS ${url('other')}` },
    { mark: 'other-ipv6', allowed: false, script: `curl -sSg 'http://[${v6}]:8080/other-ipv6'` },
    {
      mark: 'copy',
      allowed: false,
      script: `${place.at('elsewhere/fetch')} -sS ${url('copy')}`,
    },
    {
      mark: 'hard-link',
      allowed: false,
      script: `${place.at('bin/hard-link')} -sS ${url('hard-link')}`,
    },
    {
      mark: 'called-so',
      allowed: false,
      script: `(exec -a ${fetch} curl -sS ${url('called-so')})`,
    },
    {
      mark: 'bind-mount',
      allowed: false,
      script: `unshare -m sh -c 'mount --bind /usr/bin/curl ${fetch}; ${fetch} -sS ${url('bind-mount')}'`,
    },
    {
      mark: 'writable-by-all',
      allowed: false,
      script: `${place.at('bin/loose')} -sS ${url('writable-by-all')}`,
    },
    {
      mark: 'memory-file',
      allowed: false,
      script: `python3 -c 'import os,shutil
fd = os.memfd_create("fetch", 0)
os.write(fd, open("${fetch}", "rb").read())
os.execve(fd, ["${fetch}", "-sS", "${url('memory-file')}"], os.environ)'`,
    },
    // Owner and mode of its file are what the process says that serves it.
    {
      mark: 'served',
      allowed: false,
      script: `${compileAct('fuse')} ${place.at('served')} plain /usr/bin/curl -sS ${url('served')}`,
    },
    {
      mark: 'served-below-overlay',
      allowed: false,
      script: `${compileAct('fuse')} ${place.at('served')} overlay /usr/bin/curl -sS ${url('served-below-overlay')}`,
    },
    {
      mark: 'child-of-it',
      allowed: false,
      script: `${place.at('bin/say')} -c 'curl -sS ${url('child-of-it')}'`,
    },
    {
      mark: 'other-datagram',
      allowed: false,
      script: `bash -c 'echo other-datagram > /dev/udp/${v4}/8081'`,
    },
  ]
}

let said = ''

async function run(egress: string): Promise<Event[]> {
  const out = place.at(egress)
  const policy = `
version: 1
egress: ${egress}
allow:
  - endpoint: ${v4}:8080
    exe: [${place.at('bin/fetch')}, ${place.at('bin/loose')}]
  - endpoint: ${v4}:8080
    exe: ["**/bin/by-its-end", "**/under/program", ${place.at('served/over/program')}, ${place.at('bin/say')}, ${realpathSync('/usr/bin/python3')}]
  - endpoint: "[${v6}]:8080"
    exe: [${place.at('bin/fetch')}]
  - endpoint: udp://${v4}:8081
    exe: ["**/bin/say"]
`
  writeFileSync(place.at('policy.yml'), policy)
  const ended = await lab.runner.exec(
    runwarden,
    ['run', '--policy', 'policy.yml', '--out', out, '--', 'bash', '-c', tryAll(ways())],
    { cwd: place.path },
  )
  expect(ended.status, ended.stderr).toBe(0)
  said = ended.stderr
  return place.events(out)
}

describe('lines that are narrowed to programs', () => {
  let events: Event[]
  let records: string
  beforeAll(async () => {
    events = await run('block')
    records = await arrived(lab)
  })

  test('are enforced, and no word says otherwise', () => {
    expect(JSON.stringify(events)).not.toContain('not enforced')
  })

  test('let through what runs the program, and nothing else', () => {
    expectAllowedAlone(ways(), records)
  })

  test('are named in the reason of what they refuse', () => {
    const refused = events.find(
      (event) => event.kind === 'net.connect' && event.verdict === 'blocked' && event.port === 8081,
    )
    expect(refused).toMatchObject({
      reason: `policy.yml:11 udp://${v4}:8081 allows it to programs **/bin/say only`,
      rule: `policy.yml:11 udp://${v4}:8081`,
    })
  })
})

test('a program whose file others may change is told before it runs, and where it is refused', async () => {
  const reasons = (await run('block')).flatMap((event) =>
    event.kind === 'net.connect' && event.verdict === 'blocked' ? [event.reason] : [],
  )
  const loose = place.at('bin/loose')
  expect(said).toContain(
    `${loose} fits no line of the policy: others than root may change its file (owner 0, mode 777); chown it to root and chmod go-w it`,
  )
  expect(said).not.toContain(`${place.at('bin/fetch')} fits no line`)
  expect(reasons).toContainEqual(expect.stringContaining(`only; ${loose} does not count as that`))
})

test('a program in a file system that a process serves is told to fit no line', async () => {
  mkdirSync(place.at('told'))
  const program = place.at('told/under/program')
  writeFileSync(
    place.at('served.yml'),
    `version: 1\nallow:\n  - { endpoint: "${v4}:8080", exe: [${program}] }\n`,
  )
  const args = [place.at('told'), 'plain', '/bin/sh', '-c', `${runwarden} policy check served.yml`]
  const { stdout, stderr } = await lab.runner.exec(compileAct('fuse'), args, { cwd: place.path })
  expect(stdout + stderr).toContain(`${program} fits no line of the policy: a process or another`)
})

test('in audit mode what a line does not fit passes, and is told with the line', async () => {
  const { address, ...told } = (await run('audit')).find(
    (event) => event.kind === 'net.connect' && event.verdict === 'would-block',
  ) as EventOf<'net.connect'>
  expect(await arrived(lab)).toContain('GET /other ')
  expect(address).toBe(v4)
  expect(told.reason).toBe(
    `policy.yml:5 ${v4}:8080 allows it to programs ${place.at('bin/fetch')}, ${place.at('bin/loose')} only`,
  )
})
