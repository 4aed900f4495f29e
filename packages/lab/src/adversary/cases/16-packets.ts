import type { Row } from '../case.ts'
import { python } from './script.ts'

const by = 'connect: `EPERM`'
const packet = 'packet: `EPERM`'
const ok = (command: string): string => `${command} | tee /dev/stderr | grep -q '^ok'`

/** Sends a datagram with an option of the IP layer. */
const withOption = (family: 4 | 6, option: number, value: string, to = `WHERE${family}`): string =>
  python(`
s = made(${family === 6 ? 'socket.AF_INET6' : 'socket.AF_INET'}, socket.SOCK_DGRAM)
s.setsockopt(${family === 6 ? 'socket.IPPROTO_IPV6' : 'socket.IPPROTO_IP'}, ${option}, ${value})
s.sendto(DATA, ${to})`)

const noOptions = 'the option needs CAP_NET_RAW, which the job has lost: the kernel refuses it'

export const packets: Row = {
  row: 16,
  title: 'Fragments, options, extension headers',
  cases: [
    {
      id: 'fragments',
      technique: 'datagram in fragments, IPv4',
      attempt: ok('$ACT udp-large $D4 8080'),
      by,
    },
    {
      id: 'fragments6',
      technique: 'datagram in fragments, IPv6',
      attempt: ok('$ACT udp-large $D6 8080'),
      by,
    },
    {
      id: 'fragments-small',
      technique:
        'datagram in fragments of the smallest size that a socket can ask for (IP_MTU_DISCOVER off, small window)',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 10, 0)
s.sendto(DATA * 900, WHERE4)`),
      by,
    },
    {
      id: 'source-route-by-allowed',
      silent: noOptions,
      technique: 'loose source route by way of an allowed address',
      as: ['root'],
      attempt: ok('$ACT source-route ${D4/11.18/11.19} 8080 $D4'),
      twin: ok('$ACT udp-sendto $D4 8080'),
      by: 'packet: source routes are refused whatever their destination',
      cannot: 'the lab’s far end is one machine: a route through it is no other destination',
    },
    {
      id: 'source-route-to-allowed',
      silent: noOptions,
      technique: 'loose source route to an allowed address by way of the thief',
      as: ['root'],
      attempt: ok('$ACT source-route $D4 8080 ${D4/11.18/11.19}'),
      twin: ok('$ACT udp-sendto $D4 8080'),
      by: 'packet: source routes are refused whatever their destination',
    },
    {
      id: 'strict-route',
      silent: noOptions,
      technique: 'strict source route',
      as: ['root'],
      attempt: withOption(
        4,
        4,
        `b'\\x89\\x0b\\x04' + socket.inet_aton(D4) + socket.inet_aton(D4) + b'\\0'`,
      ),
      twin: python(`udp(WHERE4)`),
      by,
      cannot: 'the next hop must be a neighbour; the kernel refuses it here',
    },
    {
      id: 'record-route',
      technique: 'IP option with room for data (record route, timestamp)',
      attempt: withOption(4, 4, `b'\\x07\\x0b\\x04' + DATA + b'\\0'`),
      twin: python(`udp(WHERE4)`),
      by,
    },
    {
      id: 'destination-options',
      silent: noOptions,
      technique: 'IPv6 destination options in front of the port',
      as: ['root'],
      attempt: ok('$ACT destination-options $D6 8080'),
      twin: ok('$ACT udp-sendto $D6 8080'),
      by,
    },
    {
      id: 'hop-by-hop',
      silent: noOptions,
      technique: 'IPv6 hop-by-hop options',
      as: ['root'],
      attempt: withOption(6, 54, `b'\\0\\0\\1\\4\\0\\0\\0\\0'`, 'WHERE6'),
      twin: python(`udp(WHERE6)`),
      by,
    },
    {
      id: 'routing-header',
      technique: 'IPv6 segment routing by way of an allowed address',
      attempt: withOption(
        6,
        57,
        `b'\\0\\4\\4\\1\\1\\0\\0\\0' + socket.inet_pton(10, D6) * 2`,
        `(D6.replace(':18:', ':19:'), PORT)`,
      ),
      twin: python(`udp(WHERE6)`),
      by: 'packet: routing headers are refused whatever their destination',
    },
    {
      id: 'flow-label',
      technique: 'data in the flow label and traffic class of packets to a denied place',
      attempt: python(`
s = made(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(41, 67, 0xb8)
s.sendto(DATA, WHERE6)`),
      by,
    },
    {
      id: 'after-shutdown',
      technique:
        'write on a half-closed connection to an allowed place, to another one by MSG_FASTOPEN',
      attempt: python(`
s = made()
s.connect((D4.replace('11.18', '11.19'), 8080))
s.shutdown(socket.SHUT_WR)
try: s.sendto(DATA, socket.MSG_FASTOPEN, WHERE4)
except OSError as error: print(error)
s.close()
s = made()
s.sendto(DATA, socket.MSG_FASTOPEN, WHERE4)`),
      by,
    },
    {
      id: 'reset-connection',
      technique:
        'connection closed by a reset (SO_LINGER 0), its port used again for another place',
      attempt: python(`
s = made()
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 24414))
s.connect((D4.replace('11.18', '11.19'), 8080))
s.close()
s = made()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 24414))
s.connect(WHERE4)
s.sendall(DATA)`),
      twin: python(`tcp(WHERE4)`),
      by,
    },
    {
      id: 'listener-port',
      technique: 'answer from a port that an allowed flow used before',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.bind(('', 24415))
s.sendto(DATA.replace(b'zqa', b'xqa'), (D4.replace('11.18', '11.19'), 8080))
s.sendto(DATA, WHERE4)`),
      twin: python(`udp(WHERE4)`),
      by: packet,
    },
  ],
}
