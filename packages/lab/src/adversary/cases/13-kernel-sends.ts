import type { Case, Open } from '../case.ts'
import { python } from './script.ts'

const twin = python('udp(WHERE4)')
const told = 'told: `network-changed`'
const common = { as: ['root'], twin } as const

/** Ways by which root has the kernel send, past the sockets of the scope. */
export const pastSockets: Open = {
  result: 'told',
  why: 'such packets are of no socket of the scope, and at T0 no layer sees them; the detection is `network-changed` (high)',
  advice: 'run the command with `--user`; a host-wide scope sees them on the uplink',
}

/** The same for programs that are loaded first, which tier T2 refuses. */
const byProgram: Open = {
  ...pastSockets,
  advice:
    'run the command with `--user`; tier T2 refuses to load such a program; a host-wide scope sees them on the uplink',
}

export const triedBefore =
  'in a scope of `runwarden run` it was tried there before the detection was made, and was not told then; no layer stops it at T2 either'

/** bpf(2), instructions, a frame to the case's own address, and the uplink. */
const bpf = `
libc = ctypes.CDLL(None, use_errno=True)
def bpf(command, attributes):
    fd = libc.syscall({'x86_64': 321, 'aarch64': 280}[os.uname().machine], command, attributes, len(attributes))
    if fd < 0: raise OSError(ctypes.get_errno(), 'bpf')
    return fd
def instruction(code, registers=0, value=0): return struct.pack('<BBhi', code, registers, 0, value)
def loaded(kind, code):
    code, license = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b'GPL')
    return bpf(5, struct.pack('IIQQIIQI', kind, len(code) // 8, ctypes.addressof(code), ctypes.addressof(license), 0, 0, 0, 0))
frame = bytes.fromhex('020000000001020000000002') + b'\\x08\\0' + packet4(D4, datagram())
uplink = socket.if_nametoindex('to-internet')`

/** RTM_NEWLINK of a VXLAN device by a netlink socket: no program that is known for it is started. */
const byNetlink = `
def attribute(kind, value): return struct.pack('HH', 4 + len(value), kind) + value + bytes(-len(value) % 4)
number = lambda value: struct.pack('I', value)
inside = (attribute(1, number(7)) + attribute(2, socket.inet_aton(D4)) + attribute(3, number(socket.if_nametoindex('to-internet')))
          + attribute(15, struct.pack('!H', 9000)))
body = bytes(16) + attribute(3, b'zqn\\0') + attribute(18, attribute(1, b'vxlan') + attribute(2, inside))
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.send(struct.pack('IHHII', 16 + len(body), 16, 0x605, 1, 0) + body)
code = -struct.unpack('i', s.recv(4096)[16:20])[0]
if code: raise OSError(code, 'RTM_NEWLINK')`

export const kernelSends: readonly Case[] = [
  {
    ...common,
    id: 'bpf-sends',
    technique: 'BPF program that is run by hand and sends a frame (BPF_PROG_TEST_RUN)',
    // r1 has the frame: bpf_clone_redirect(frame, uplink, 0).
    attempt: python(`${bpf}
program = loaded(3, instruction(0xb7, 2, uplink) + instruction(0xb7, 3) + instruction(0x85, 0, 13) + instruction(0xb7) + instruction(0x95))
given = ctypes.create_string_buffer(frame, len(frame))
bpf(10, struct.pack('IIIIQQII', program, 0, len(frame), 0, ctypes.addressof(given), 0, 1, 0) + bytes(40))`),
    by: told,
    root: byProgram,
  },
  {
    ...common,
    id: 'bpf-redirects',
    technique: 'BPF program at loopback that sends what it sees to the uplink (tcx, bpf_redirect)',
    alone: true,
    // Every packet of loopback is caught: to what address it is does not matter to who reads on the uplink.
    attempt: python(`${bpf}
program = loaded(3, instruction(0xb7, 1, uplink) + instruction(0xb7, 2) + instruction(0x85, 0, 23) + instruction(0x95))
link = bpf(28, struct.pack('IIIII', program, socket.if_nametoindex('lo'), 47, 0, 0) + bytes(12))
for _ in range(5):
    udp(('127.0.0.1', PORT))
    time.sleep(0.05)`),
    by: told,
    root: byProgram,
  },
  {
    ...common,
    id: 'nft-rewrites',
    technique: 'rule at the uplink that gives an allowed packet another destination (nft, netdev)',
    alone: true,
    attempt: `nft add table netdev zq && nft add chain netdev zq out '{ type filter hook egress device "to-internet" priority 0; }' &&
nft add rule netdev zq out ip daddr \${D4/11.18/11.19} ip daddr set $D4
${python("udp((D4.replace('11.18', '11.19'), PORT))")}
nft delete table netdev zq; exit 9`,
    by: told,
    root: pastSockets,
  },
  {
    ...common,
    id: 'nft-file',
    technique: 'such a rule that is read from a file, by a program of another name (nft -f)',
    alone: true,
    attempt: `cp "$(command -v nft)" "$SHARED/zqf" && printf 'table netdev zqf {\\n chain out {\\n type filter hook egress device "to-internet" priority 0;\\n ip daddr %s ip daddr set %s\\n }\\n}\\n' \${D4/11.18/11.19} $D4 > "$SHARED/zqf.rules" &&
"$SHARED/zqf" -f "$SHARED/zqf.rules"
${python("udp((D4.replace('11.18', '11.19'), PORT))")}
nft delete table netdev zqf; exit 9`,
    by: told,
    root: pastSockets,
  },
  {
    ...common,
    id: 'tap-on-bridge',
    technique: 'TAP device that is joined to the uplink by a bridge',
    alone: true,
    attempt: python(`
import fcntl, subprocess
tap = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack('16sH22x', b'zqt', 0x1002))
for words in ('add zqb type bridge', 'set zqb up', 'set zqt up', 'set zqt master zqb', 'set to-internet master zqb'):
    subprocess.run(['ip', 'link', *words.split()], check=True)
for _ in range(5):
    os.write(tap, bytes.fromhex('020000000001020000000002') + b'\\x08\\0' + packet4(D4, datagram()))
    time.sleep(0.1)
subprocess.run(['ip', 'link', 'del', 'zqb'])`),
    by: told,
    root: pastSockets,
  },
  {
    ...common,
    id: 'vxlan-netlink',
    technique: 'VXLAN tunnel that is made by a program of one’s own (rtnetlink)',
    alone: true,
    attempt: `${python(byNetlink)}
ip addr add 192.0.2.177/28 dev zqn && ip link set zqn up &&
ip neigh add 192.0.2.178 lladdr 02:00:00:00:00:07 dev zqn && ip route add 11.19.79.0/24 via 192.0.2.178 dev zqn
$ACT udp-sendto 11.19.79.7 8080; sleep 0.3; ip link del zqn; exit 9`,
    by: told,
    root: pastSockets,
  },
]
