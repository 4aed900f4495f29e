import type { Row } from '../case.ts'
import { python } from './script.ts'

const by = 'connect: `EPERM`'
const socketBy = 'socket: other transports are refused'
const ok = (command: string): string => `${command} | tee /dev/stderr | grep -q '^ok'`
/** From a port of one's choice, which an earlier step may have had. */
const bound = (port: string): string =>
  python(`
s = made()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', ${port}))
s.connect(WHERE4)
s.sendall(DATA)`)
const noTransport =
  'the kernel of these machines has no such transport; the hook refuses it by its number'

export const transports: Row = {
  row: 14,
  title: 'Other transports, other ways to connect',
  cases: [
    {
      id: 'sctp',
      impossible: true,
      technique: 'SCTP',
      attempt: ok('$ACT sctp $D4 8080'),
      twin: ok('$ACT tcp $D4 8080'),
      by: socketBy,
      cannot: noTransport,
      silent: 'the kernel has no such transport',
    },
    {
      id: 'dccp',
      impossible: true,
      technique: 'DCCP',
      attempt: python(`socket.socket(socket.AF_INET, 6, 33).connect(WHERE4)`),
      twin: python(`tcp(WHERE4)`),
      by: socketBy,
      cannot: noTransport,
      silent: 'the kernel has no such transport',
    },
    { id: 'mptcp', technique: 'MPTCP', attempt: ok('$ACT mptcp $D4 8080'), by },
    {
      id: 'mptcp-python',
      technique: 'MPTCP over IPv6, with data',
      attempt: python(`
s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 262)
s.settimeout(8)
s.connect(WHERE6)
s.sendall(DATA)`),
      by,
    },
    {
      id: 'fast-open',
      technique: 'TCP Fast Open (MSG_FASTOPEN)',
      attempt: ok('$ACT tcp-fast-open $D4 8080'),
      by,
    },
    {
      id: 'fast-open6',
      technique: 'TCP Fast Open, IPv6',
      attempt: ok('$ACT tcp-fast-open $D6 8080'),
      by,
    },
    {
      id: 'fast-open-connect',
      technique: 'TCP Fast Open by socket option, data with the first write',
      attempt: python(`
s = made()
s.setsockopt(6, 30, 1)
s.connect(WHERE4)
s.sendall(DATA)`),
      by,
    },
    ...['443', '53', '80', '20'].map((port) => ({
      id: `source-port-${port}`,
      technique: `source port ${port}`,
      as: ['root'] as const,
      attempt: bound(port),
      by,
    })),
    {
      id: 'source-port-high',
      technique: 'chosen source port',
      attempt: bound('5555'),
      by,
    },
    {
      id: 'simultaneous-open',
      technique: 'simultaneous open: both ends connect',
      attempt: python(`
s = made()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('192.0.2.2', 24404))
s.settimeout(2)
s.connect((D4, 24405))
s.sendall(DATA)`),
      internet: python(`
print('ready', file=sys.stderr, flush=True)
while True:
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setblocking(False)
    s.bind((D4, 24405))
    s.connect_ex(('192.0.2.2', 24404))
    time.sleep(0.02)
    s.close()`),
      twin: python(`tcp(WHERE4)`),
      by,
    },
    {
      id: 'passive-open',
      technique: 'waiting for a connection from outside and answering it',
      attempt: python(`
s = made()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('192.0.2.2', 24406))
s.listen()
s.settimeout(2)
try: s.accept()[0].sendall(DATA)
except TimeoutError: sys.exit(9)`),
      internet: python(`
print('ready', file=sys.stderr, flush=True)
while True:
    s = socket.socket()
    s.settimeout(0.3)
    try:
        s.connect(('192.0.2.2', 24406))
        s.recv(100)
    except OSError: pass
    time.sleep(0.1)
    s.close()`),
      twin: python(`tcp(WHERE4)`),
      by: 'packet: no answer leaves',
    },
    {
      id: 'reused-socket',
      technique:
        'TCP socket that was connected to an allowed place, dissolved (AF_UNSPEC) and connected elsewhere',
      attempt: python(`
s = made()
s.connect((D4.replace('11.18', '11.19'), 8080))
s.setblocking(True)
libc = ctypes.CDLL(None, use_errno=True)
libc.connect(s.fileno(), bytes(16), 16)
s.connect(WHERE4)
s.sendall(DATA)`),
      by,
    },
    {
      id: 'nonblocking',
      technique: 'connect without waiting, then a blind write',
      attempt: python(`
s = made()
s.setblocking(False)
code = s.connect_ex(WHERE4)
time.sleep(0.2)
s.send(DATA)`),
      by,
    },
    {
      id: 'unix-32',
      impossible: true,
      technique: 'other families (vsock, Bluetooth, CAN, RDS, SMC, KCM)',
      attempt: `failed=0; for family in 40 31 29 21 43 41; do $ACT family 0.0.0.0 $family stream | grep -q '^ok' && failed=$((failed + 1)); $ACT family 0.0.0.0 $family datagram | grep -q '^ok' && failed=$((failed + 1)); done; [ $failed != 0 ] || exit 9`,
      twin: python(`tcp(WHERE4)`),
      by: '– (told as `would-block`; see What does not hold: address families other than IP)',
      cannot: 'there is no other end to reach by them here',
    },
  ],
}
