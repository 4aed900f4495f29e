import type { Open, Row } from '../case.ts'
import { curl, python } from './script.ts'

const by = 'packet: the name in the first bytes is no allowed name that led here'
const learn =
  'getent hosts front.example.com >/dev/null; getent ahosts front.example.com >/dev/null;'
const front4 = '198.51.100.20'
const front6 = '[2001:db8:1::20]'

/** HPACK literals without Huffman coding (RFC 7541 §6.2.2): what is sent can be read on the wire. */
const h2 = `
def field(index, value):
    return bytes([index if index < 15 else 0x0f]) + (bytes([index - 15]) if index >= 15 else b'') + bytes([len(value)]) + value
def h2(authority, path):
    block = b'\\x82\\x86' + field(1, authority.encode()) + field(4, path.encode())
    frame = struct.pack('!I', len(block))[1:] + b'\\1\\5' + struct.pack('!I', 1) + block
    return b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n' + b'\\0\\0\\0\\4\\0\\0\\0\\0\\0' + frame`

const hideout = "HIDDEN = T + '.hidden.example.net'"

const inside: Open = {
  result: 'not-held',
  why: 'the Host is inside of TLS, and the allowed server decides what it does with it',
  advice: 'allow no hosts of a content network that fronts for strangers',
}

export const sharedAddress: Row = {
  row: 7,
  title: 'Several names on one address',
  cases: [
    {
      id: 'shared-sni',
      technique: 'denied name in SNI, at the address of an allowed one (curl --resolve)',
      attempt: `${learn} ${curl(`--resolve "$T.hidden.example.net:443:${front4}" "https://$T.hidden.example.net/"`)}`,
      twin: curl('"https://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-sni-ipv6',
      technique: 'the same over IPv6',
      attempt: `${learn} ${curl(`--resolve "$T.hidden.example.net:443:${front6}" "https://$T.hidden.example.net/"`)}`,
      twin: curl('-6 "https://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-sni-openssl',
      technique: 'denied name in SNI (openssl s_client -servername)',
      attempt: `${learn} echo | timeout 8 openssl s_client -connect ${front4}:443 -servername "$T.hidden.example.net"`,
      twin: `(printf 'GET /%s HTTP/1.0\\r\\nHost: front.example.com\\r\\n\\r\\n' $T) | timeout 8 openssl s_client -quiet -verify_quiet -ign_eof -connect front.example.com:443 -servername front.example.com`,
      by,
    },
    {
      id: 'shared-sni-other-allowed',
      technique: 'allowed name that did not lead here, in SNI',
      attempt: `${learn} ${curl(`-k --resolve "$T.wild.example.com:443:${front4}" "https://$T.wild.example.com/"`)}`,
      twin: curl('-k "https://$T.wild.example.com/$T"'),
      by,
    },
    {
      id: 'shared-host',
      technique: 'denied name as Host of plain HTTP, at the address of an allowed one',
      attempt: `${learn} ${curl(`--resolve "$T.hidden.example.net:80:${front4}" "http://$T.hidden.example.net/"`)}`,
      twin: curl('"http://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-host-ipv6',
      technique: 'the same over IPv6',
      attempt: `${learn} ${curl(`--resolve "$T.hidden.example.net:80:${front6}" "http://$T.hidden.example.net/"`)}`,
      twin: curl('-6 "http://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-authority',
      technique: 'denied :authority of HTTP/2 without TLS (prior knowledge)',
      attempt: python(`${h2}\n${hideout}
address_of('second.example.com')
where = (address_of('front.example.com'), 80)
pieces(where, h2(HIDDEN, '/'))`),
      twin: curl('"http://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-upgrade',
      technique: 'denied Host with an upgrade to HTTP/2 (h2c)',
      attempt: `${learn} ${curl(`--http2 --resolve "$T.hidden.example.net:80:${front4}" "http://$T.hidden.example.net/"`)}`,
      twin: curl('--http2 "http://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-fronting',
      technique: 'domain fronting: allowed name in SNI, denied Host inside of TLS',
      attempt: curl(`-H "Host: $T.hidden.example.net" https://front.example.com/`),
      twin: curl('"https://front.example.com/$T"'),
      by: '–',
      silent: 'an allowed connection',
      user: inside,
      root: inside,
    },
    {
      id: 'shared-tls-on-80',
      technique: 'TLS with a denied name on port 80',
      attempt: `${learn} echo | timeout 8 openssl s_client -connect ${front4}:80 -servername "$T.hidden.example.net"`,
      twin: curl('"http://front.example.com/$T"'),
      by,
    },
    {
      id: 'shared-http-on-443',
      technique: 'plain HTTP with a denied Host on port 443',
      attempt: `${learn} ${curl(`--resolve "$T.hidden.example.net:443:${front4}" "http://$T.hidden.example.net:443/"`)}`,
      twin: curl('"https://front.example.com/$T"'),
      by,
    },
  ],
}
