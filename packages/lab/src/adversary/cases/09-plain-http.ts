import type { Open, Row } from '../case.ts'
import { curl, python } from './script.ts'
import { atAllowedAddress, atSharedAddress, type Spoken } from './spoken.ts'

const by = 'packet: the Host is no allowed name that led here'
const twin = curl('"http://front.example.com/$T"')
const requests: readonly Spoken[] = [
  ['spoofed', 'denied Host', "pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')"],
  [
    'two-hosts',
    'two Host headers, the allowed one first',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'two-hosts-last',
    'two Host headers, the allowed one last',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\nHost: ' + F + b'\\r\\n\\r\\n')",
  ],
  [
    'absolute',
    'absolute target of a denied name, allowed Host',
    "pieces(where, b'GET http://' + H + b'/ HTTP/1.1\\r\\nHost: ' + F + b'\\r\\n\\r\\n')",
  ],
  [
    'second-request',
    'second request on a kept connection with a denied Host',
    "s = pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\n\\r\\n'); s.sendall(b'GET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n'); s.recv(9) or sys.exit(9)",
  ],
  [
    'crowded',
    'second request on a kept connection with a denied Host, while four others have its places in the table of flows',
    "s = pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\n\\r\\n'); others = beside(s, where, b'GET / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\n\\r\\n'); s.sendall(b'GET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n'); s.recv(9) or sys.exit(9)",
  ],
  [
    'long-method',
    'method of 40 bytes, denied Host',
    "pieces(where, b'A' * 40 + b' / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'pipelined',
    'two requests in one segment, the second with a denied Host',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\n\\r\\nGET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'smuggled',
    'request behind the end of a chunked body',
    "pieces(where, b'POST / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\nContent-Length: 4\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'split',
    'Host cut by the end of a segment',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHo', b'st: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'split-name',
    'name of the Host cut by the end of a segment',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHost: front.example.com', b'.' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'late',
    'Host behind 16 KiB of other headers',
    "pieces(where, b'GET / HTTP/1.1\\r\\n' + b''.join(b'X-%d: ' % n + b'y' * 1000 + b'\\r\\n' for n in range(14)) + b'Host: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'case',
    'header name in another case and without blank',
    "pieces(where, b'GET / HTTP/1.1\\r\\nhOsT:' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'line-feeds',
    'lines that end without carriage return',
    "pieces(where, b'GET / HTTP/1.1\\nHost: ' + H + b'\\n\\n')",
  ],
  [
    'folded',
    'Host on a continuation line',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHost:\\r\\n ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'decoy',
    'allowed Host inside of another header’s value, denied Host behind',
    "pieces(where, b'GET / HTTP/1.1\\r\\nX: a\\nHost: ' + F + b'\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'in-path',
    'allowed Host written in the target, denied Host as header',
    "pieces(where, b'GET /?\\rHost:front.example.com HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'no-host',
    'HTTP/1.0 without Host, on an address of a name that is not allowed there',
    "pieces(where, b'GET /' + DATA + b' HTTP/1.0\\r\\n\\r\\n')",
  ],
  ['oldest', 'HTTP/0.9', "pieces(where, b'GET /' + DATA + b'\\r\\n')"],
  ['no-http', 'bytes that are no HTTP on port 80', "pieces(where, b'\\0\\1\\2' + DATA)"],
  [
    'blank-lines',
    'blank lines in front of the request',
    "pieces(where, b'\\r\\n\\r\\nGET / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'method',
    'unknown method with a denied Host',
    "pieces(where, b'BREW / HTTP/1.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n')",
  ],
  [
    'odd-line',
    'second request on a kept connection with a tab behind its method and a denied Host',
    "s = pieces(where, b'GET / HTTP/1.1\\r\\nHost: ' + F + b'\\r\\n\\r\\n'); s.sendall(b'GET\\t/ HTTP/01.1\\r\\nHost: ' + H + b'\\r\\n\\r\\n'); s.recv(9) or sys.exit(9)",
  ],
  [
    'bare-cr',
    'denied Host behind a carriage return in another header’s value, allowed Host behind',
    "pieces(where, b'GET / HTTP/1.1\\r\\nX: a\\rHost: ' + H + b'\\r\\nHost: ' + F + b'\\r\\n\\r\\n')",
  ],
  [
    'user-part',
    'allowed name as user part of the Host',
    "pieces(where, b'GET / HTTP/1.1\\r\\nHost: front.example.com@' + H + b'\\r\\n\\r\\n')",
  ],
]

const proxy: Open = {
  result: 'not-held',
  why: 'what is no HTTP and no TLS goes to the server that the address is known by; a SOCKS proxy passes it on',
  advice: 'allow no proxies that serve every destination',
}

export const plainHttp: Row = {
  row: 9,
  title: 'Plain HTTP',
  cases: [
    ...atSharedAddress('http', 80, requests, by),
    ...atAllowedAddress('http', 80, [
      ['no-host', 'HTTP/1.0 without Host', "b'GET /' + DATA + b' HTTP/1.0\\r\\n\\r\\n'"],
      ['no-http', 'bytes that are no HTTP', "b'\\0\\1\\2' + DATA"],
    ]),
    {
      id: 'http-curl-host',
      technique: 'denied Host by curl -H',
      attempt: curl('-H "Host: $T.hidden.example.net" http://front.example.com/'),
      twin,
      by,
    },
    {
      id: 'proxy-connect',
      technique: 'CONNECT to a denied host through an allowed proxy',
      attempt: curl('-p -x http://proxy.example.com:3128 https://$HOST/'),
      twin: curl('"http://proxy.example.com:3128/$T"'),
      by,
    },
    {
      id: 'proxy-connect-host',
      technique: 'CONNECT to a denied host, with the proxy’s own name as Host',
      attempt: python(`
where = (address_of('proxy.example.com'), 3128)
pieces(where, b'CONNECT ' + HOST.encode() + b':443 HTTP/1.1\\r\\nHost: proxy.example.com:3128\\r\\n\\r\\n')`),
      twin: curl('"http://proxy.example.com:3128/$T"'),
      by,
    },
    {
      id: 'proxy-absolute',
      technique: 'plain HTTP to a denied host through an allowed proxy',
      attempt: curl('-x http://proxy.example.com:3128 http://$HOST/'),
      twin: curl('"http://proxy.example.com:3128/$T"'),
      by,
    },
    {
      id: 'proxy-socks',
      technique: 'SOCKS through an allowed proxy',
      attempt: python(`
where = (address_of('proxy.example.com'), 3128)
pieces(where, b'\\5\\1\\0\\5\\1\\0\\3' + bytes([len(HOST)]) + HOST.encode() + b'\\1\\xbb')`),
      twin: curl('"http://proxy.example.com:3128/$T"'),
      by: '–',
      silent: 'an allowed connection',
      user: proxy,
      root: proxy,
    },
  ],
}
