/** What a virtual machine does with itself: the whole of it is a scope. See host.vm.test.ts. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'

const runwarden = join(import.meta.dirname, '../../../cli/bin/runwarden')
const place = '/run/host-test'
const FREE = `${place}/free`
const ALLOWED = '198.51.100.1'
const DENIED = '203.0.113.9'
const DENIED6 = '2001:db8:1::2'

const policy = `version: 1
egress: block
allow:
  - 'udp://198.51.100.1:8080'
  - '198.51.100.1:443'
  - '[2001:db8:1::1]:443'
  - 'app.example.org:443'
`

/** Answers every query for an address with 198.51.100.2. */
const dnsServer = `
  import { createSocket } from 'node:dgram'
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const end = query.indexOf(0, 12) + 5
    const isA = query.readUInt16BE(end - 4) === 1
    const head = Buffer.from(query.subarray(0, end))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(isA ? 1 : 0, 6)
    head.writeUInt16BE(0, 8)
    head.writeUInt16BE(0, 10)
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 2])
    socket.send(isA ? Buffer.concat([head, answer]) : head, from.port, from.address)
  })
  socket.bind(53, '192.0.2.53', () => console.log('open'))
`

const children: ChildProcess[] = []
const arrived: string[] = []
let agent: ChildProcess
let said = ''

const ip = (text: string): void => void execFileSync('ip', text.split(' '), { stdio: 'pipe' })

function compile(name: string, folder: string): string {
  const file = join(place, name)
  execFileSync('gcc', ['-o', file, join(import.meta.dirname, folder, `${name}.c`)])
  return file
}

/** The other side's processes are this machine's, too: they are in a cgroup that is exempt. */
const OUTSIDE = '/sys/fs/cgroup/outside'

/** Starts something in the other namespace; resolves with its first line. */
async function far(onLine: (line: string) => void, ...command: string[]): Promise<void> {
  const enter = `echo $$ >${OUTSIDE}/cgroup.procs; exec nsenter --net=/run/netns/far "$@"`
  const child = spawn('sh', ['-c', enter, 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise<void>((resolve) => {
    let first = true
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (first) resolve()
      else onLine(line)
      first = false
    })
  })
}

/** The outcome of an act of this machine, outside of every exemption. */
function act(...args: string[]): string {
  return spawnSync(join(place, 'act'), args, { encoding: 'utf8' }).stdout.trim()
}

/** What is not let out is "no buffer space" to its sender. */
function frame(...args: string[]): void {
  const { stderr } = spawnSync(join(place, 'frame'), args, { encoding: 'utf8' })
  if (stderr !== '' && !stderr.includes('No buffer space')) throw new Error(stderr)
}

/** What came to the other side since the last call, but for what the test itself asks there at the end. */
async function wire(): Promise<string[]> {
  // Frames come in order: when this one is there, so is all before it.
  frame('packet', 'eth9', '192.0.2.99', '9')
  while (!arrived.includes('17 192.0.2.99 9'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  const lines = arrived.splice(0)
  return [...new Set(lines.filter((line) => line !== '17 192.0.2.99 9'))]
}

async function startAgent(): Promise<void> {
  said = ''
  agent = spawn(runwarden, ['agent', '--config', join(place, 'agent.yml')], {
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  children.push(agent)
  agent.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
    process.stderr.write(text)
  })
  await says('armed: block')
}

async function says(text: string): Promise<void> {
  while (!said.includes(text)) {
    if (agent.exitCode !== null) throw new Error(`the agent ended: ${said}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const exit = once(agent, 'exit')
  agent.kill(signal)
  await exit
}

function configure(exempt: string): void {
  const file = join(place, 'agent.yml')
  writeFileSync(
    file,
    `scopes:
  - cgroup: host
    policy: ${place}/policy.yml
    uplinks: [eth1]
    exempt:
      - exe: ${FREE}
      - cgroup: /outside
${exempt}out: ${place}/out
`,
  )
}

beforeAll(async () => {
  mkdirSync(place, { recursive: true })
  mkdirSync(OUTSIDE)
  for (const name of ['act', 'wire', 'peer']) compile(name, '../enforce/acts')
  compile('frame', 'acts')
  copyFileSync(join(place, 'act'), FREE)
  ip('netns add far')
  ip('link add eth0 type veth peer name far netns far')
  // An interface that is no uplink, over which the other side is asked whether all has come.
  ip('link add eth9 type veth peer name far9 netns far')
  ip('-n far link add bridge type bridge')
  for (const name of ['far', 'far9']) ip(`-n far link set ${name} master bridge`)
  for (const name of ['bridge', 'far', 'far9', 'lo']) ip(`-n far link set ${name} up`)
  ip('addr add 192.0.2.2/24 dev eth0')
  ip('addr add 2001:db8::2/64 dev eth0 nodad')
  for (const address of [
    '192.0.2.1/24',
    '192.0.2.53/24',
    `${ALLOWED}/32`,
    '198.51.100.2/32',
    `${DENIED}/32`,
  ])
    ip(`-n far addr add ${address} dev bridge`)
  for (const address of ['2001:db8::1/64', '2001:db8:1::1/128', `${DENIED6}/128`])
    ip(`-n far addr add ${address} dev bridge nodad`)
  ip('link set eth0 up')
  ip('link set eth9 up')
  ip('route add default via 192.0.2.1')
  ip('route add default via 2001:db8::1')
  ip('-n far route add 10.9.0.0/24 via 192.0.2.2')
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  writeFileSync('/etc/resolv.conf', 'nameserver 192.0.2.53\n')
  await far((line) => arrived.push(line), join(place, 'wire'), 'bridge')
  await far(() => {}, join(place, 'peer'), 'echo', '443', '8080')
  writeFileSync(join(place, 'dns.mjs'), dnsServer)
  await far(() => {}, 'node', join(place, 'dns.mjs'))
  writeFileSync(join(place, 'policy.yml'), policy)
  configure('')
  await startAgent()
}, 200_000)
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

test('the agent says what is exempt, and by which uplinks it decides', () => {
  expect(said).toContain(`exempt from the policy: cgroup /outside, ${FREE}`)
  expect(said).not.toContain('WARNING')
})

test('every process of the machine is under the policy, in whatever cgroup it is', async () => {
  await wire()
  expect(act('tcp', ALLOWED, '443')).toBe('ok')
  expect(act('tcp', DENIED, '443')).toBe('EPERM')
  expect(act('tcp', '2001:db8:1::1', '443')).toBe('ok')
  expect(act('tcp', DENIED6, '443')).toBe('EPERM')
  mkdirSync('/sys/fs/cgroup/some/where', { recursive: true })
  const inside = `echo $$ >/sys/fs/cgroup/some/where/cgroup.procs; exec ${place}/act tcp ${DENIED} 443`
  expect(spawnSync('sh', ['-c', inside], { encoding: 'utf8' }).stdout.trim()).toBe('EPERM')
  expect(await wire()).toEqual(expect.arrayContaining([`6 ${ALLOWED} 443`]))
  expect((await wire()).filter((line) => line.includes(DENIED))).toEqual([])
})

test('an exempt program is not', async () => {
  expect(spawnSync(FREE, ['tcp', DENIED, '443'], { encoding: 'utf8' }).stdout.trim()).toBe('ok')
  expect(spawnSync(FREE, ['udp-sendto', DENIED, '8080'], { encoding: 'utf8' }).stdout.trim()).toBe(
    'ok',
  )
  expect(await wire()).toEqual(expect.arrayContaining([`6 ${DENIED} 443`, `17 ${DENIED} 8080`]))
})

test('names resolve by the agent, which is exempt itself', async () => {
  const ask = `
    import { resolve4 } from 'node:dns/promises'
    for (const name of ['app.example.org', 'other.example.org'])
      console.log(await resolve4(name).then(String, ({ code }) => code))
  `
  const { stdout } = spawnSync('node', ['--input-type=module', '-e', ask], { encoding: 'utf8' })
  expect(stdout).toBe('198.51.100.2\nEREFUSED\n')
  expect(act('tcp', '198.51.100.2', '443')).toBe('ok')
  // The way that the agent asks is open to nobody else.
  expect(act('udp-sendto', '192.0.2.53', '5353')).toBe('EPERM')
})

test('neighbours are found anew', async () => {
  ip('neigh flush dev eth0')
  expect(act('tcp', ALLOWED, '443')).toBe('ok')
  expect(act('tcp', '2001:db8:1::1', '443')).toBe('ok')
  await wire()
})

test('packet sockets put on the wire what the policy allows, whatever they say that it is', async () => {
  await wire()
  for (const how of ['packet', 'lying', 'vlan', 'other', 'later'])
    frame(how, 'eth0', DENIED, '8080')
  for (const how of ['vlan', 'other', 'later']) frame(how, 'eth0', ALLOWED, '8080')
  const told = await wire()
  expect(told.filter((line) => line.includes(DENIED))).toEqual([])
  frame('packet', 'eth0', ALLOWED, '8080')
  expect(await wire()).toContain(`17 ${ALLOWED} 8080`)
})

test('packet sockets cannot go round the queue, where nothing is decided', async () => {
  await wire()
  for (const to of [DENIED, ALLOWED]) {
    const { stderr } = spawnSync(join(place, 'frame'), ['round', 'eth0', to, '8080'], {
      encoding: 'utf8',
    })
    expect(stderr).toContain('Operation not permitted')
  }
  expect(await wire()).toEqual([])
})

test('what is forwarded for a virtual machine is under the policy', async () => {
  await wire()
  frame('guest', DENIED, '8080')
  frame('guest', ALLOWED, '8080')
  const told = await wire()
  expect(told).toContain(`17 ${ALLOWED} 8080`)
  expect(told.filter((line) => line.includes(DENIED))).toEqual([])
})

test('a tunnel to elsewhere carries nothing that is allowed inside of it', async () => {
  ip(`tunnel add way mode ipip local 192.0.2.2 remote ${DENIED}`)
  ip('link set way up')
  ip(`route add ${ALLOWED}/32 dev way src 192.0.2.2`)
  await wire()
  act('udp-sendto', ALLOWED, '8080')
  expect((await wire()).filter((line) => line.includes(DENIED))).toEqual([])
  ip('tunnel del way')
  act('udp-sendto', ALLOWED, '8080')
  expect(await wire()).toContain(`17 ${ALLOWED} 8080`)
})

test('large datagrams, which the machine cuts to pieces, arrive whole', async () => {
  await wire()
  expect(act('udp-large', ALLOWED, '8080')).toBe('ok')
  expect(act('udp-ask', ALLOWED, '8080')).toMatch(/^ok/)
})

test('an interface that comes later is attached to', async () => {
  ip('link add eth1 type veth peer name far1 netns far')
  ip('-n far link set far1 master bridge')
  ip('-n far link set far1 up')
  ip('link set eth1 up')
  do {
    await wire()
    frame('packet', 'eth1', DENIED, '8080')
  } while ((await wire()).includes(`17 ${DENIED} 8080`))
  frame('packet', 'eth1', ALLOWED, '8080')
  expect(await wire()).toContain(`17 ${ALLOWED} 8080`)
})

test('an interface that goes is told; names of links that are taken away are given back', async () => {
  execFileSync('sh', ['-c', 'rm -f /run/runwarden/scopes/1/bpf/uplinks/*'])
  ip('link del eth1')
  await says('the interface eth1 has gone')
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const names = readdirSync('/run/runwarden/scopes/1/bpf/uplinks')
  expect(names).toContain('link_options')
  // No links before tcx.
  expect(names).toHaveLength(major > 6 || minor >= 6 ? 2 : 1)
  frame('packet', 'eth0', DENIED, '8080')
  expect((await wire()).filter((line) => line.includes(DENIED))).toEqual([])
})

test('the agent does not tell what it does itself', async () => {
  const folder =
    readFileSync('/proc/self/stat', 'utf8') &&
    execFileSync('ls', [`${place}/out/host`], { encoding: 'utf8' }).trim()
  const file = `${place}/out/host/${folder.split('\n').at(-1)}/events.ndjson`
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const before = readFileSync(file, 'utf8')
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const more = readFileSync(file, 'utf8').slice(before.length)
  expect(more.split('\n').filter((line) => line.includes(`"${agent.pid}-`))).toEqual([])
  const told = before.split('\n').filter((line) => line.includes('"via":"link"'))
  expect(told.some((line) => line.includes(DENIED) && line.includes('"blocked"'))).toBe(true)
})

test('killed, it leaves all of it in force; the next one takes it over', async () => {
  await end('SIGKILL')
  await wire()
  const denied = async (): Promise<void> => {
    expect(act('tcp', DENIED, '443')).toBe('EPERM')
    expect(act('tcp', ALLOWED, '443')).toBe('ok')
    frame('packet', 'eth0', DENIED, '8080')
    frame('packet', 'eth0', ALLOWED, '8080')
    const told = await wire()
    expect(told).toContain(`17 ${ALLOWED} 8080`)
    expect(told.filter((line) => line.includes(DENIED))).toEqual([])
    expect(spawnSync(FREE, ['tcp', DENIED, '443'], { encoding: 'utf8' }).stdout.trim()).toBe('ok')
    await wire()
  }
  await denied()
  await startAgent()
  expect(said).toContain('has been taken over')
  await denied()
})

test('addresses are got by packet sockets only where the host services are exempt', async () => {
  await wire()
  frame('packet', 'eth0', '255.255.255.255', '67', '68')
  expect((await wire()).filter((line) => line.includes('255.255.255.255'))).toEqual([])
  await end('SIGTERM')
  configure('      - preset: host-services\n')
  await startAgent()
  frame('packet', 'eth0', '255.255.255.255', '67', '68')
  expect(await wire()).toContain('17 255.255.255.255 67')
})

test('stopped, it leaves nothing behind', async () => {
  await end('SIGTERM')
  await wire()
  expect(act('tcp', DENIED, '443')).toBe('ok')
  frame('packet', 'eth0', DENIED, '8080')
  expect(await wire()).toContain(`17 ${DENIED} 8080`)
  const { stdout } = spawnSync('ls', ['/run/runwarden'], { encoding: 'utf8' })
  expect(stdout).toBe('')
  rmSync(place, { recursive: true, force: true })
})
