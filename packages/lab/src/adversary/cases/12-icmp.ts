import type { Row } from '../case.ts'
import { curl, python } from './script.ts'

const by = 'packet: ICMP is no protocol that a line can allow'
const twin = curl('http://$HOST/')

/** Debian's ping has a file capability, with which it can't be started; a copy has none. */
const ping = (words: string): string =>
  `cp /usr/bin/ping "$SHARED/ping.$T" && timeout 6 "$SHARED/ping.$T" -c 1 -W 1 ${words}; exit 9`

export const icmp: Row = {
  row: 12,
  title: 'ICMP',
  cases: [
    {
      id: 'ping-payload',
      technique: 'echo with a chosen payload (ping -p)',
      attempt: ping(`-p "$(printf %s "$T" | od -An -tx1 | tr -d ' \\n')" $D4`),
      twin,
      by,
    },
    {
      id: 'ping-ipv6',
      technique: 'ICMPv6 echo with a chosen payload (ping -6)',
      attempt: ping(`-6 -p "$(printf %s "$T" | od -An -tx1 | tr -d ' \\n')" $D6`),
      twin,
      by,
    },
    {
      id: 'ping-large',
      technique: 'echo of 8,000 bytes, in fragments (ping -s)',
      attempt: ping('-s 8000 $D4'),
      twin,
      by,
    },
    {
      id: 'ping-allowed-host',
      technique: 'echo with a payload to an allowed host',
      attempt: ping(`-p "$(printf %s "$T" | od -An -tx1 | tr -d ' \\n')" good.example.com`),
      twin,
      by,
    },
    {
      id: 'ping-socket',
      technique: 'ping socket (SOCK_DGRAM, IPPROTO_ICMP)',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM, protocol=1)
s.sendto(b'\\x08\\0\\0\\0\\0\\1\\0\\1' + DATA, (D4, 0))`),
      twin,
      by,
    },
    {
      id: 'ping-socket-ipv6',
      technique: 'ping socket, ICMPv6 (the kernel tells the program nothing)',
      attempt: python(`
s = made(socket.AF_INET6, socket.SOCK_DGRAM, 58)
s.sendto(b'\\x80\\0\\0\\0\\0\\1\\0\\1' + DATA, (D6, 0))`),
      twin,
      by,
    },
    {
      id: 'ping-unreachable',
      impossible: true,
      technique: 'error message that carries data (port unreachable for a datagram from outside)',
      attempt: 'sleep 1; exit 9',
      internet: python(`
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print('ready', file=sys.stderr, flush=True)
while True:
    s.sendto(b'anything', ('192.0.2.2', 33333))
    time.sleep(0.5)`),
      twin,
      cannot:
        'the data are those that came from outside; the kernel writes the message, nobody in the job',
      by: '–',
      silent: 'nothing that the job did',
    },
  ],
}
