import type { Event } from '@runwarden/events'
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Place, runwarden } from './runwarden.ts'

/** Devices and rules by netlink itself, without the programs that have a name for it. */
const python = `
import socket, struct
def attribute(kind, data):
    whole = struct.pack("HH", len(data) + 4, kind) + data
    return whole + bytes(-len(whole) % 4)
def make(kind, name, data=b""):
    info = attribute(1, kind.encode()) + (attribute(2, data) if data else b"")
    body = struct.pack("BxHiII", 0, 0, 0, 0, 0) + attribute(3, name.encode() + b"\\0") + attribute(18, info)
    tell(struct.pack("IHHII", len(body) + 16, 16, 0x605, 1, 0) + body)
def tell(message, group=0):
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    made.bind((0, 0))
    made.sendto(message, (0, group))
    if not group:
        code = struct.unpack("i", made.recv(4096)[16:20])[0]
        if code: raise OSError(-code, "netlink")
vxlan = attribute(1, struct.pack("I", 7)) + attribute(15, struct.pack(">H", 4789))
`

/** Runs a script in block mode, in a network namespace of its own; @returns what of the network was told and found. */
async function told(
  script: string,
): Promise<{ changes: string[]; found: string[]; gaps: string[] }> {
  using place = new Place()
  writeFileSync(place.at('netlink.py'), python)
  const words = [
    'run',
    '--quiet',
    '--egress',
    'block',
    '--out',
    place.out,
    '--',
    'bash',
    '-ec',
    script,
  ]
  const { status, stderr } = await place.exec('unshare', ['-n', runwarden, ...words])
  expect(status, stderr).toBe(0)
  const events = place.events()
  const exe = new Map<string, string>()
  for (const event of events)
    if (event.kind === 'process.exec') exe.set(event.execId ?? '', event.argv.slice(0, 2).join(' '))
  const by = ({ execId }: Event): string => (execId === null ? 'nobody' : (exe.get(execId) ?? '?'))
  return {
    changes: place
      .eventsOf('sandbox.change')
      .filter(({ change }) => change === 'network-device' || change === 'packet-rules')
      .map((event) => `${by(event)}: ${event.detail}`),
    found: place
      .eventsOf('detection')
      .filter(({ id }) => id === 'network-changed')
      .map(({ rule, severity }) => `${severity} ${rule}`)
      .toSorted(),
    gaps: place.report().health.gaps,
  }
}

test('a tunnel and a device of a program, made by netlink itself, are told; devices of containers are no finding', async () => {
  const { changes, found } = await told(`
python3 - <<'X'
exec(open('netlink.py').read())
make("vxlan", "x0", vxlan)
make("veth", "v0")
make("bridge", "b0")
X`)
  expect(changes.toSorted()).toEqual([
    'nobody: bridge b0',
    'nobody: veth v0',
    'nobody: veth veth0',
    'nobody: vxlan x0',
  ])
  expect(found).toEqual(['high network-device-made'])
}, 120_000)

test('one that is gone again at once is told all the same, and one in a namespace that the job made', async () => {
  const { changes, found } = await told(`
python3 -c 'exec(open("netlink.py").read()); make("vxlan", "x0", vxlan)'; ip link del x0
unshare -n python3 -c 'exec(open("netlink.py").read()); make("vxlan", "x1", vxlan)'
unshare -Urn python3 -c 'exec(open("netlink.py").read()); make("vxlan", "x2", vxlan)'`)
  expect(changes.toSorted()).toEqual([
    'nobody: vxlan x0',
    'nobody: vxlan x1 in another network namespace',
  ])
  expect(found).toEqual([
    'high network-device-made',
    'high network-device-made',
    // By ip itself.
    'medium network-changed',
  ])
}, 120_000)

test('rules that rewrite are told with who put them in force, whatever they were read from', async () => {
  const { changes, found } = await told(`
printf 'table netdev t {\\n chain c {\\n type filter hook ingress device "lo" priority 0;\\n ip daddr 192.0.2.7 ip daddr set 192.0.2.8\\n }\\n}\\n' > rules
nft -f rules
printf 'table ip n {\\n chain c {\\n type nat hook output priority 0;\\n ip daddr 192.0.2.7 dnat to 192.0.2.8\\n }\\n}\\n' > rules
nft --file rules
printf 'table ip f {\\n chain c {\\n type filter hook output priority 0;\\n ip daddr 192.0.2.7 counter\\n }\\n}\\n' > rules
cp "$(command -v nft)" other
./other -f rules`)
  expect(changes).toEqual([
    'nft -f: nft netdev, payload',
    'nft --file: nft nat',
    './other -f: nft rules',
  ])
  expect(found).toEqual([
    'high packets-rewritten',
    'medium addresses-translated',
    'medium network-changed',
    'medium network-changed',
  ])
}, 120_000)

test('what others do meanwhile is not the job of an ordinary user, and their packet rules are nobody’s', async () => {
  using place = new Place()
  const job = `touch "$0/begun"; while [ ! -e "$0/done" ]; do sleep 0.1; done; sleep 1.2`
  const others = `while [ ! -e "$0/begun" ]; do sleep 0.1; done
ip link add x0 type vxlan id 7 dstport 4789; nft add table netdev t; nft add chain netdev t c '{ type filter hook ingress device lo priority 0; }'
: > "$0/done"; wait`
  const words = `${runwarden} run --quiet --user nobody --out "$0/out" -- sh -c '${job}' "$0"`
  const { status, stderr } = await place.exec('unshare', [
    '-n',
    'bash',
    '-c',
    `chmod 777 "$0"; ${words} & ${others}`,
    place.path,
  ])
  expect(status, stderr).toBe(0)
  expect(
    place.eventsOf('sandbox.change').filter(({ change }) => /^network|^packet/.test(change)),
  ).toEqual([])
}, 120_000)

test('what a process says to the group itself is not taken for the kernel, and hides nothing', async () => {
  const { changes, gaps } = await told(`
python3 - <<'X'
exec(open('netlink.py').read())
body = struct.pack("BxHiII", 0, 0, 9, 0, 0xffffffff) + attribute(3, b"forged\\0") + attribute(18, attribute(1, b"vxlan"))
for _ in range(1000): tell(struct.pack("IHHII", len(body) + 16, 16, 0, 1, 0) + body, 1)
make("vxlan", "real", vxlan)
X`)
  expect(changes).toEqual(['nobody: vxlan real'])
  expect(gaps).toEqual([])
}, 120_000)

test('changes that found no room are a gap', async () => {
  const { gaps } = await told(`
python3 - <<'X'
exec(open('netlink.py').read())
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
body = struct.pack("BxHiII", 0, 0, 9, 0, 0) + attribute(3, b"forged\\0")
for _ in range(30000): s.sendto(struct.pack("IHHII", len(body) + 16, 16, 0, 1, 0) + body, (0, 1))
X`)
  expect(gaps).toEqual([
    'the network changed more often than could be followed: not every device and packet rule is told',
  ])
}, 120_000)
