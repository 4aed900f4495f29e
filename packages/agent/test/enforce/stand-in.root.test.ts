import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { policy, Rig } from './rig.ts'

const run = promisify(execFile)

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
    await using rig = new Rig()
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
