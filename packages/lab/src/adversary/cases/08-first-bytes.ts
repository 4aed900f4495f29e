import type { Row } from '../case.ts'
import { changedBytes } from './08-changed-bytes.ts'
import { curl } from './script.ts'
import { atAllowedAddress, atSharedAddress, type Spoken } from './spoken.ts'

const by = 'packet: the first bytes name nothing that is allowed here'

const hellos: readonly Spoken[] = [
  [
    'no-sni',
    'no SNI, on an address of a name that is not allowed there',
    'pieces(where, hello(None, session=DATA))',
  ],
  ['empty-sni', 'empty name in SNI', "pieces(where, hello('', session=DATA))"],
  ['sni-address', 'an address in SNI', "pieces(where, hello('198.51.100.20', session=DATA))"],
  [
    'two-names',
    'two names in one SNI, the allowed one first',
    "pieces(where, hello('', names=[b'front.example.com', HIDDEN.encode()]))",
  ],
  [
    'two-sni',
    'two SNI extensions, the allowed one first',
    "n = HIDDEN.encode(); pieces(where, hello('front.example.com', more=struct.pack('!HHHBH', 0, len(n) + 5, len(n) + 3, 0, len(n)) + n))",
  ],
  [
    'nul-name',
    'NUL byte behind the allowed name in SNI',
    "pieces(where, hello('', names=[b'front.example.com\\0.' + HIDDEN.encode()]))",
  ],
  [
    'ech',
    'encrypted ClientHello with the allowed name outside',
    "e = b'\\0\\0\\1\\0\\1\\7' + struct.pack('!H', 32) + os.urandom(32) + struct.pack('!H', len(DATA)) + DATA; pieces(where, hello('front.example.com', more=struct.pack('!HH', 0xfe0d, len(e)) + e))",
  ],
  [
    'ech-denied',
    'encrypted ClientHello with a denied name outside',
    "e = b'\\0\\0\\1\\0\\1\\7' + struct.pack('!H', 32) + os.urandom(32) + struct.pack('!H', 8) + os.urandom(8); pieces(where, hello(HIDDEN, more=struct.pack('!HH', 0xfe0d, len(e)) + e))",
  ],
  [
    'split-segments',
    'ClientHello of a denied name in two segments',
    'h = hello(HIDDEN); pieces(where, h[:60], h[60:])',
  ],
  [
    'split-name',
    'ClientHello cut inside of the name',
    "h = hello(HIDDEN); at = h.index(b'hidden') + 3; pieces(where, h[:at], h[at:])",
  ],
  [
    'first-byte',
    'first byte alone, then a ClientHello of a denied name',
    'h = hello(HIDDEN); pieces(where, h[:1], h[1:])',
  ],
  [
    'bytewise',
    'ClientHello of a denied name, byte by byte',
    'pieces(where, *[bytes([b]) for b in hello(HIDDEN)], pause=0.002)',
  ],
  [
    'split-records',
    'ClientHello of a denied name in two TLS records',
    "h = hello(HIDDEN)[5:]; pieces(where, b'\\x16\\x03\\x01' + struct.pack('!H', 50) + h[:50] + b'\\x16\\x03\\x01' + struct.pack('!H', len(h) - 50) + h[50:])",
  ],
  [
    'delayed',
    'ClientHello of a denied name after two seconds of silence',
    's = made(); s.connect(where); time.sleep(2); s.sendall(hello(HIDDEN)); s.recv(1) or sys.exit(9)',
  ],
  [
    'large',
    'ClientHello of 12 KiB, the denied name behind its end',
    "pad = struct.pack('!HH', 21, 11000) + bytes(11000); n = HIDDEN.encode(); sni = struct.pack('!HHHBH', 0, len(n) + 5, len(n) + 3, 0, len(n)) + n; pieces(where, hello(None, more=pad + sni))",
  ],
  [
    'small-segments',
    'ClientHello of a denied name in segments of 48 bytes (TCP_MAXSEG)',
    "s = made(); s.setsockopt(6, 2, 88); s.connect(where); s.sendall(hello(HIDDEN, more=struct.pack('!HH', 21, 400) + bytes(400))); s.recv(1) or sys.exit(9)",
  ],
  [
    'urgent',
    'urgent byte in front of a ClientHello of a denied name',
    "s = made(); s.connect(where); s.send(b'x', socket.MSG_OOB); s.sendall(hello(HIDDEN)); s.recv(1) or sys.exit(9)",
  ],
  [
    'retry-records',
    'second ClientHello, of a denied name, behind 32 ChangeCipherSpec records',
    "pieces(where, hello('front.example.com'), b'\\x14\\3\\3\\0\\1\\1' * 32 + hello(HIDDEN))",
  ],
  [
    'retry-alert',
    'second ClientHello, of a denied name, behind an alert',
    "pieces(where, hello('front.example.com'), b'\\x15\\3\\3\\0\\2\\1\\x5a' + hello(HIDDEN))",
  ],
  [
    'again',
    'ClientHello of a denied name on a socket that said an allowed one, was dissolved (AF_UNSPEC) and connected again, with its places in the table of flows taken by others',
    "s = made(); s.connect(where); s.sendall(hello('front.example.com')); s.recv(1); s.settimeout(None); ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16); s.settimeout(8); s.connect(where); beside(s, where, False); s.sendall(hello(HIDDEN)); s.recv(1) or sys.exit(9)",
  ],
  [
    'second-hello',
    'ClientHello of an allowed name, then one of a denied name',
    "pieces(where, hello('front.example.com') + hello(HIDDEN))",
  ],
  [
    'alert-first',
    'TLS alert record in front of the ClientHello',
    "pieces(where, b'\\x15\\x03\\x01\\0\\2\\1\\0' + hello(HIDDEN))",
  ],
  [
    'old-hello',
    'hello of SSL 2',
    "pieces(where, b'\\x80\\x2e\\1\\3\\1\\0\\x15\\0\\0\\0\\x10' + b'\\0\\0\\x2f' * 7 + (DATA * 2)[:16])",
  ],
  ['no-tls', 'bytes that are no TLS', "pieces(where, b'hello ' + DATA + b'\\n')"],
  ['ssh', 'SSH on port 443', "pieces(where, b'SSH-2.0-' + DATA + b'\\r\\n')"],
  [
    'fast-open',
    'ClientHello of a denied name in the SYN (TCP Fast Open)',
    's = made(); s.settimeout(None); s.sendto(hello(HIDDEN), socket.MSG_FASTOPEN, where); s.recv(1) or sys.exit(9)',
  ],
  [
    'wide-name',
    'name with the letters of another script that fold to the allowed one',
    "pieces(where, hello('', names=['ｆront.example.com'.encode() + b'.' + DATA]))",
  ],
]

export const firstBytes: Row = {
  row: 8,
  title: 'The first bytes of TLS',
  cases: [
    {
      id: 'hello-unlearned',
      technique: 'allowed name in SNI, at an address that it never led to',
      attempt: curl(
        '-k --connect-to "good.example.com:443:$D4:8080" "https://good.example.com/$T"',
      ),
      twin: curl('"https://good.example.com/$T"'),
      by: 'connect: `EPERM`',
    },
    ...atSharedAddress('hello', 443, hellos, by),
    ...atAllowedAddress('hello', 443, [
      ['no-sni', 'no SNI', 'hello(None, session=DATA)'],
      ['no-tls', 'bytes that are no TLS', "b'hello ' + DATA + b'\\n'"],
      ['ssh', 'SSH on port 443', "b'SSH-2.0-' + DATA + b'\\r\\n'"],
    ]),
    ...changedBytes,
  ],
}
