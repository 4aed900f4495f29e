import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openObject } from '@runwarden/libbpf'
import { compile, parseAllowedEndpoints, policyOf } from '@runwarden/policy'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DnsQueryRecord } from '../../src/dns/contract.ts'
import { type DnsProxy, startDnsProxy } from '../../src/dns/start.ts'
import { openEnforcer } from '../../src/enforce/enforcer.ts'
import { RunState } from '../../src/run-state.ts'
import { startDnsmasq } from './dnsmasq.ts'

/** Addresses of loopback that are this test process's own, so that port 53 is free on them. */
const mine = (last: number): string => `127.53.${process.pid & 0xff}.${last}`
const RESOLVER = mine(1)
const STRANGER = mine(2)

let state: RunState
let stack: AsyncDisposableStack
let records: DnsQueryRecord[]
let proxy: DnsProxy

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  records = []
  stack.use(
    await startDnsmasq(
      [
        '--address=/www.example.com/192.0.2.1',
        '--address=/v6.example.com/2001:db8::1',
        '--address=/other.test/192.0.2.66',
      ],
      RESOLVER,
      53,
    ),
  )
  stack.use(await startDnsmasq(['--address=/#/192.0.2.66'], STRANGER, 53))
  state = RunState.create()
  stack.defer(async () => {
    await state.scope.end(0)
    await state.close()
  })
})
afterEach(() => stack.disposeAsync())

/** Puts the scope under a policy, with the proxy as its only way to names. */
async function enforce(egress: 'audit' | 'block', allow: string): Promise<void> {
  const compiled = compile(policyOf(parseAllowedEndpoints(allow, 'test'), { egress }))
  proxy = stack.use(
    await startDnsProxy({
      policy: compiled,
      resolvers: [RESOLVER],
      onQueries: (batch) => records.push(...batch),
      onFault: (text) => {
        throw new Error(text)
      },
      onLost: () => {},
      onFailure: (error) => {
        throw error
      },
    }),
  )
  // The rings are the sensor's; here their records go nowhere.
  const objects = join(import.meta.dirname, '../../../../bpf/build', process.arch)
  const rings = openObject(join(objects, 'enforce.bpf.o'))
  stack.defer(() => rings.close())
  rings.load()
  const enforcer = stack.use(
    openEnforcer({
      scopeCgroup: state.scope.path,
      reuse: { urgent: rings.map('urgent'), bulk: rings.map('bulk'), lost: rings.map('lost') },
      compiled,
      proxy: proxy.ports,
    }),
  )
  await proxy.useMaps(enforcer.maps)
}

/** Runs a command in the scope and returns what it wrote. */
async function inScope(
  ...command: [string, ...string[]]
): Promise<{ text: string; child: ChildProcess }> {
  const child = spawn(
    '/bin/sh',
    ['-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', state.scope.path, ...command],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += data.toString()))
  await once(child, 'close')
  return { text, child }
}

const dig = async (server: string, ...words: string[]) =>
  inScope('dig', `@${server}`, '+time=3', '+tries=1', ...words)

test.each([
  ['UDP', []],
  ['TCP', ['+tcp']],
])(
  'over %s, a name is resolved by the resolver that was asked, and the process is known',
  async (protocol, words) => {
    await enforce('block', 'www.example.com')
    const { text, child } = await dig(RESOLVER, ...words, '+short', 'www.example.com')
    expect(text).toBe('192.0.2.1\n')
    proxy.drain()
    expect(records).toMatchObject([
      {
        process: { tgid: child.pid },
        name: 'www.example.com',
        server: RESOLVER,
        serverPort: 53,
        protocol: protocol.toLowerCase(),
        verdict: 'allowed',
      },
    ])
  },
)

test.each([
  ['block', 'the resolver', '192.0.2.1', 'allowed'],
  ['audit', 'that server', '192.0.2.66', 'would-block'],
] as const)(
  'in %s mode, an allowed name that a server other than the machine’s resolver is asked for is answered by %s',
  async (egress, _who, answer, verdict) => {
    await enforce(egress, 'www.example.com')
    for (const words of [[], ['+tcp']]) {
      const { text } = await dig(STRANGER, ...words, 'www.example.com')
      expect(text).toContain(`\t${answer}\n`)
      expect(text).toContain(`SERVER: ${STRANGER}#53`)
    }
    proxy.drain()
    expect(records.map((record) => [record.server, record.verdict])).toEqual([
      [STRANGER, verdict],
      [STRANGER, verdict],
    ])
  },
)

/** Whether the kernel refuses a TCP connect from the scope; that nobody has the address is another matter. */
async function refused(port: number): Promise<boolean> {
  const { text } = await inScope(
    'timeout',
    '1',
    'bash',
    '-c',
    `exec 2>&1 3<>/dev/tcp/192.0.2.1/${port}`,
  )
  return text.includes('Operation not permitted')
}

test('an address can be connected to once its name was asked for, and by the port of the policy alone', async () => {
  await enforce('block', 'www.example.com:8443')
  expect(await refused(8443)).toBe(true)
  await dig(RESOLVER, 'www.example.com')
  expect(await refused(443)).toBe(true)
  expect(await refused(8443)).toBe(false)
})

test('the proxy’s own port is closed to the scope, and to everybody outside of it it says nothing', async () => {
  await enforce('block', 'www.example.com')
  const port = ['-p', String(proxy.ports.port4)]
  const inside = await dig('127.0.0.1', ...port, '+time=1', 'www.example.com')
  const outside = spawn('dig', ['@127.0.0.1', ...port, '+time=1', '+tries=1', 'www.example.com'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [code] = (await once(outside, 'close')) as [number]
  expect([inside.child.exitCode, code]).toEqual([9, 9])
  proxy.drain()
  expect(records).toEqual([])
})

test('what a process asks in its last moment is on record, answered or not', async () => {
  await enforce('audit', 'www.example.com')
  // Ids of their own: two of the sockets may well have the same port, one after the other. None holds a
  // line feed, at which bash would send what it has.
  const query = String.raw`\0\\$(printf %03o $i)\1\0\0\1\0\0\0\0\0\0\4last\4test\0\0\1\0\1`
  // Nobody answers on this address of loopback.
  const burst = `for i in $(seq 11 210); do printf "${query}" >/dev/udp/${mine(3)}/53; done`
  await inScope('bash', '-c', burst)
  const stats = await proxy.close()
  expect(records.filter(({ name }) => name === 'last.test')).toHaveLength(200)
  expect(stats).toMatchObject({ queries: 200, recordsLost: 0 })
})
