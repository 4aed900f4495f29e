import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { openMapById } from '@runwarden/libbpf'
import { formatAddress } from '@runwarden/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DnsClients } from '../../src/enforce/dns-clients.ts'
import type { Enforcer } from '../../src/enforce/enforcer.ts'
import { decodeDnsClientValue } from '../../src/enforce/maps.ts'
import { policy, Rig } from './rig.ts'

const run = promisify(execFile)
let rig: Rig
beforeAll(async () => {
  rig = new Rig()
  await rig.record()
  await rig.proxy('proxied', 5300)
})
afterAll(async () => {
  await rig[Symbol.asyncDispose]()
})

const SERVER = '203.0.113.1'
const SERVER6 = '2001:db8:1::1'
const proxy = { port4: 5300, port6: 5300 }

describe.for(['audit', 'block'] as const)('in %s mode', (mode) => {
  let scope: string
  let enforcer: Enforcer
  beforeAll(() => {
    ;({ enforcer, scope } = rig.enforce(policy(mode, '', ['198.51.100.2']), { proxy }))
  })
  afterAll(() => enforcer.close())

  test.for([
    ['udp-ask', SERVER, 'connected', `ok proxied from ${SERVER} 53 peer ${SERVER} 53`],
    ['udp-ask', SERVER, 'unconnected', `ok proxied from ${SERVER} 53`],
    ['udp-ask', SERVER6, 'connected', `ok proxied from ${SERVER6} 53 peer ${SERVER6} 53`],
    ['udp-ask', SERVER6, 'unconnected', `ok proxied from ${SERVER6} 53`],
    [
      'udp-ask',
      `::ffff:${SERVER}`,
      'connected',
      `ok proxied from ::ffff:${SERVER} 53 peer ::ffff:${SERVER} 53`,
    ],
    ['udp-ask', `::ffff:${SERVER}`, 'unconnected', `ok proxied from ::ffff:${SERVER} 53`],
    ['udp-ask', '127.0.0.53', 'connected', 'ok proxied from 127.0.0.53 53 peer 127.0.0.53 53'],
    ['tcp-ask', SERVER, '', `ok proxied peer ${SERVER} 53`],
    ['tcp-ask', SERVER6, '', `ok proxied peer ${SERVER6} 53`],
    ['tcp-ask', `::ffff:${SERVER}`, '', `ok proxied peer ::ffff:${SERVER} 53`],
  ] as const)(
    '%s of the server %s (%s) is answered by the proxy, and seems to come from the server',
    async ([act, server, how, outcome]) => {
      await rig.arrived()
      rig.told()
      expect(await rig.act(scope, act, server, '53', how)).toBe(outcome)
      expect(rig.told()).toEqual([])
      expect(await rig.arrived()).toEqual([])
    },
  )

  test('the proxy can tell who asked which server', async () => {
    using map = openMapById(enforcer.maps.dnsClients)
    for (const [key] of map.entries()) map.delete(key)
    await rig.act(scope, 'udp-ask', SERVER, '53', 'connected')
    await rig.act(scope, 'tcp-ask', SERVER6, '53')
    const clients = DnsClients.open(enforcer.maps)
    const seen = [...map.entries()].map(([key, value]) => {
      const protocol = key[0] === 17 ? 'udp' : 'tcp'
      return [
        protocol,
        clients.find(protocol, formatAddress(key.subarray(8)), key.readUInt16LE(2)),
        decodeDnsClientValue(value),
      ] as const
    })
    clients.close()
    expect(
      seen
        .map(([protocol, client]) => `${protocol} ${client?.server.host} ${client?.server.port}`)
        .sort(),
    ).toEqual([`tcp ${SERVER6} 53`, `udp ${SERVER} 53`])
    for (const [, client, entry] of seen) {
      expect(client?.process).toEqual({ tgid: entry.tgid, start: entry.start })
      expect(entry.tgid).toBeGreaterThan(1)
      expect(entry.start).toBeGreaterThan(0n)
    }
  })

  test.for([
    ['tcp', '127.0.0.1', 'connect 6 127.0.0.1'],
    ['tcp', '::1', 'connect 6 ::1'],
    ['tcp', '::ffff:127.0.0.1', 'connect 6 127.0.0.1'],
    ['tcp', '0.0.0.0', 'connect 6 0.0.0.0'],
    ['udp-sendto', '127.0.0.1', 'send 17 127.0.0.1'],
    ['udp-connect', '::1', 'connect 17 ::1'],
  ] as const)('%s to the proxy itself at %s is refused', async ([act, address, told]) => {
    rig.told()
    expect(await rig.act(scope, act, address, '5300')).toBe('EPERM')
    expect(rig.told()).toEqual([`blocked dns-proxy ${told} 5300`])
  })

  test('a server on the block list is not even asked by way of the proxy', async () => {
    rig.told()
    expect(await rig.act(scope, 'udp-ask', '198.51.100.2', '53', 'connected')).toBe('EPERM')
    expect(rig.told()).toEqual(['attack-blocked block-list connect 17 198.51.100.2 53'])
  })
})

/** In a network namespace of its own, where nobody is at the proxy's ports: tries to be there, and to answer. */
const standIn = `
import errno, socket, struct
def outcome(act):
    try: act()
    except OSError as error: return errno.errorcode[error.errno]
    return "ok"
def bind(family, kind, host, port):
    s = socket.socket(family, kind)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return outcome(lambda: s.bind((host, port)))
def at_port(family, kind, port, begin):
    made = []
    for _ in range(4):
        made.append(socket.socket(family, kind))
        outcome(lambda: begin(made[-1]))
        if made[-1].getsockname()[1] == port: return made[-1]
inet, inet6, udp, tcp = socket.AF_INET, socket.AF_INET6, socket.SOCK_DGRAM, socket.SOCK_STREAM
print("bind", *(bind(inet, kind, host, 5301) for kind in (udp, tcp) for host in ("127.0.0.1", "0.0.0.0")),
    *(bind(inet6, kind, host, 5302) for kind in (udp, tcp) for host in ("::1", "::")), flush=True)
print("elsewhere", bind(inet, udp, "127.0.0.1", 5302), bind(inet6, udp, "::1", 5301))
for family, host, server, port in (inet, "127.0.0.1", "203.0.113.1", 5301), (inet6, "::1", "2001:db8:1::1", 5302):
    # Without a bind the kernel gives it a free port.
    there = at_port(family, udp, port, lambda s: s.sendto(b"", (host, 9)))
    client = socket.socket(family, udp)
    client.sendto(b"query", (server, 53))
    query, asker = there.recvfrom(100)
    answer = outcome(lambda: there.sendto(b"answer", asker))
    print(query.decode(), answer, outcome(lambda: client.recv(100, socket.MSG_DONTWAIT)))
    listener = at_port(family, tcp, port, lambda s: s.listen())
    listener.setblocking(False)
    client = socket.socket(family, tcp)
    client.setblocking(False)
    client.connect_ex((server, 53))
    print("tcp", outcome(listener.accept))
`

test.for(['audit', 'block'] as const)(
  'nobody in the scope answers in place of the proxy, whichever way it comes to its port (%s)',
  async (mode) => {
    const { enforcer, scope } = rig.enforce(policy(mode), { proxy: { port4: 5301, port6: 5302 } })
    using _ = enforcer
    rig.told()
    const prepare =
      'ip link set lo up; ip -6 route add local 2001:db8:1::1 dev lo; echo 5301 5304 > /proc/sys/net/ipv4/ip_local_port_range'
    const { stdout } = await run('unshare', [
      '--net',
      'sh',
      '-ec',
      `${prepare}; echo $$ > "$0/cgroup.procs"; exec python3 -c "$1"`,
      scope,
      standIn,
    ])
    expect(stdout.trim().split('\n')).toEqual([
      `bind${' EPERM'.repeat(8)}`,
      'elsewhere ok ok',
      'query EPERM EAGAIN',
      'tcp EAGAIN',
      'query EPERM EAGAIN',
      'tcp EAGAIN',
    ])
    const told = rig.told()
    for (const what of [
      'socket 17 :: 5301',
      'socket 6 :: 5302',
      'packet 17 127.0.0.1',
      'packet 6 ::1',
    ])
      expect(told.filter((line) => line.startsWith(`blocked resolver ${what}`))).not.toEqual([])
  },
)

test('a socket that asked a server has no more rights elsewhere', async () => {
  const { enforcer, scope } = rig.enforce(policy('block'), { proxy })
  using _ = enforcer
  await rig.arrived()
  expect(await rig.act(scope, 'udp-two', SERVER, '53', '8080')).toBe('ok EPERM')
  expect(await rig.act(scope, 'udp-two', '127.0.0.1', '53', '5300')).toBe('ok EPERM')
  expect(await rig.arrived()).toEqual([])
})
