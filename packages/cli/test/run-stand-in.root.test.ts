import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startLab } from '@runwarden/lab'
import { growingAnswer, queryMessage } from '../../agent/test/dns/messages.ts'
import { Place, runwarden } from './runwarden.ts'

test('a socket that was made before the run is not handed in', async () => {
  using place = new Place()
  const heard: string[] = []
  const server = createServer((socket) => socket.on('data', (data) => heard.push(data.toString())))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const script = 'exec 9<>/dev/tcp/127.0.0.1/$0; echo before >&9; "$@"'
  const leak = 'echo leak >&9 && echo leaked'
  const guarded = [
    'run',
    '--quiet',
    '--egress',
    'block',
    '--out',
    place.out,
    '--',
    'bash',
    '-c',
    leak,
  ]
  const ended = await place.exec('bash', ['-c', script, String(port), runwarden, ...guarded])
  server.close()
  expect(ended.stdout).not.toContain('leaked')
  expect(heard.join('')).toBe('before\n')
})

test('nobody in the scope answers in place of a resolver on this machine', async () => {
  await using lab = await startLab({ nameservers: ['127.0.0.1'] })
  using place = new Place()
  place.compile('bind53')
  const run = (mode: string) =>
    lab.runner.exec(runwarden, [
      'run',
      '--egress',
      mode,
      '--out',
      place.out,
      '--quiet',
      '--',
      place.at('bind53'),
    ])
  const blocked = await run('block')
  expect(blocked.stdout).toBe('udp 127.0.0.1: EPERM\ntcp 127.0.0.1: EPERM\nudp ::1: EPERM\n')
  expect(
    place.eventsOf('net.connect').map(({ verdict, port, via }) => ({ verdict, port, via })),
  ).toContainEqual({
    verdict: 'blocked',
    port: 53,
    via: 'socket',
  })
  const audited = await run('audit')
  expect(audited.stdout).toBe('udp 127.0.0.1: ok\ntcp 127.0.0.1: ok\nudp ::1: ok\n')
})

/** Ends the thread that answers names as soon as a file is there: as a fault would that nobody has thought of. */
const ender = `
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
const { postMessage } = Worker.prototype
Worker.prototype.postMessage = function (message) {
  if (message.kind === 'maps') {
    const looks = setInterval(() => {
      if (!existsSync(process.env.ENDS_DNS)) return
      clearInterval(looks)
      this.terminate()
    }, 20)
    looks.unref()
  }
  postMessage.call(this, message)
}
`

/** What a job does to be asked in place of the proxy; its arguments are an answer and the file above. */
const overthrow = `
import errno, os, socket, struct, subprocess, sys
server = ("192.0.2.53", 53)
def ports():
    lines = open("/proc/net/udp").read().splitlines()[1:]
    return {int(at[9:], 16) for at in (line.split()[1] for line in lines) if at.startswith("0100007F:")}
def dig(*words):
    asked = subprocess.run(["dig", "+tries=1", "+time=20", *words], capture_output=True, text=True)
    return asked.stdout.strip() if asked.returncode == 0 else "no answer"
(port,) = ports()
fake = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fake.bind(("127.0.0.1", 53))
if os.fork() == 0:
    query, asker = fake.recvfrom(4096)
    # The proxy asks in lower case.
    fake.sendto(query[:2] + open(sys.argv[1], "rb").read()[2:], asker)
    os._exit(0)
print("grows", "SERVFAIL" in dig("+noall", "+comments", "@127.0.0.1", "db"), dig("+short", "plain.example.net"))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.connect(server)
query = struct.pack(">HHHHHH", 1, 0x100, 1, 0, 0, 0) + b"\\5plain\\7example\\3net\\0\\0\\1\\0\\1"
raw.send(struct.pack(">HHHH", 0, port, 8 + len(query), 0) + query)
print("from port 0", dig("+short", "plain.example.net"))
open(sys.argv[2], "w").close()
while port in ports(): pass
stand_in = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: stand_in.bind(("127.0.0.1", port))
except OSError as error: print("bind", errno.errorcode[error.errno])
print("after its end", dig("+short", "plain.example.net"))
`

test('no answer ends the DNS proxy; where it ends all the same, nobody takes its place, and the run fails', async () => {
  await using lab = await startLab({ records: { 'plain.example.net': ['198.51.100.8'] } })
  using place = new Place()
  writeFileSync(place.at('ender.mjs'), ender)
  writeFileSync(place.at('answer'), growingAnswer(queryMessage({ name: 'db' })))
  const main = join(import.meta.dirname, '../src/main.ts')
  const run = ['run', '--quiet', '--egress', 'audit', '--fail-mode', 'closed', '--out', place.out]
  const command = ['python3', '-c', overthrow, place.at('answer'), place.at('end')]
  const { status, stdout, stderr } = await lab.runner.exec(
    process.execPath,
    ['--import', place.at('ender.mjs'), main, ...run, '--', ...command],
    { env: { ENDS_DNS: place.at('end') } },
  )
  expect(stdout.trim().split('\n'), stderr).toEqual([
    'grows True 198.51.100.8',
    'from port 0 198.51.100.8',
    'bind EPERM',
    'after its end no answer',
  ])
  expect(stderr).toContain('the DNS proxy is gone (it ended): no name resolves any more')
  expect(stderr).toContain('the command ended with 0, but a part of the agent did not last')
  expect(status).toBe(125)
  const { detections, health } = place.report()
  expect(health.interrupted).toBe(true)
  expect(detections.map(({ id, severity, title }) => `${id} ${severity}: ${title}`)).toContain(
    'agent-tampered high: the DNS proxy has ended',
  )
})
