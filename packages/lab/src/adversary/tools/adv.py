"""What the attempts in Python share: `from adv import *`."""
import ctypes, errno, mmap, os, select, socket, struct, sys, time  # noqa: F401, E401

T = os.environ['T']
D4, D6 = os.environ['D4'], os.environ['D6']
HOST, ZONE = os.environ['HOST'], os.environ['ZONE']
PORT = int(os.environ['PORT'])
DATA = T.encode()
WHERE4, WHERE6 = (D4, PORT), (D6, PORT)


def made(family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
    s = socket.socket(family, kind, protocol)
    s.settimeout(8)
    return s


def tcp(where, first=DATA):
    """Connects and sends."""
    s = made(socket.AF_INET6 if ':' in where[0] else socket.AF_INET)
    s.connect(where)
    s.sendall(first)
    return s


def udp(where, data=DATA):
    s = made(socket.AF_INET6 if ':' in where[0] else socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(data, where)
    return s


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def datagram(data=DATA, port=PORT):
    """A UDP header and its data, without a checksum."""
    return struct.pack('!HHHH', 4444, port, 8 + len(data), 0) + data


def packet4(to, data, protocol=17, fragment=0, source='192.0.2.2', options=b''):
    """An IPv4 packet, written by hand."""
    words = 5 + len(options) // 4
    head = struct.pack('!BBHHHBBH4s4s', 0x40 | words, 0, words * 4 + len(data), 77, fragment, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(to)) + options
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + data


def name_wire(name):
    return b''.join(bytes([len(part)]) + part.encode() for part in name.rstrip('.').split('.')) + b'\0'


def query(name, kind=1, more=b'', count=1, flags=0x0100, klass=1, records=(0, 0, 0), number=0x1234):
    """A DNS query (RFC 1035); `more` follows the question."""
    return (struct.pack('!HHHHHH', number, flags, count, *records) + name_wire(name)
            + struct.pack('!HH', kind, klass) + more)


def resolver():
    with open('/etc/resolv.conf') as file:
        return next(line.split()[1] for line in file if line.startswith('nameserver'))


def ask(message, server=None, port=53):
    """Sends a query and prints the answer's code."""
    s = made(kind=socket.SOCK_DGRAM)
    s.sendto(message, (server or resolver(), port))
    answer = s.recv(4096)
    print('rcode', answer[3] & 15)
    if answer[3] & 15:
        raise SystemExit(9)
    return answer


def address_of(name, family=socket.AF_INET):
    return socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)[0][4][0]


def hello(name, alpn=b'http/1.1', more=b'', session=b'', names=None):
    """A TLS ClientHello record that names `name` (none: None). `more`: further extensions."""
    def extension(kind, body):
        return struct.pack('!HH', kind, len(body)) + body
    extensions = b''
    if name is not None:
        entries = b''.join(b'\0' + struct.pack('!H', len(n)) + n for n in (names or [name.encode()]))
        extensions += extension(0, struct.pack('!H', len(entries)) + entries)
    extensions += extension(10, b'\0\x02\0\x17') + extension(13, b'\0\x04\x04\x03\x08\x04')
    extensions += extension(16, struct.pack('!HB', len(alpn) + 1, len(alpn)) + alpn)
    extensions += extension(43, b'\x02\x03\x04') + more
    body = (b'\x03\x03' + os.urandom(32) + bytes([len(session)]) + session + b'\0\x04\x13\x01\xc0\x2b\x01\0'
            + struct.pack('!H', len(extensions)) + extensions)
    message = b'\x01' + struct.pack('!I', len(body))[1:] + body
    return b'\x16\x03\x01' + struct.pack('!H', len(message)) + message


def pieces(where, *parts, pause=0.2):
    """A connection that sends its parts one after the other; prints what comes back."""
    s = made(socket.AF_INET6 if ':' in where[0] else socket.AF_INET)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect(where)
    for number, part in enumerate(parts):
        if number:
            time.sleep(pause)
        s.sendall(part)
    answer = s.recv(4096)
    print(answer[:40])
    if not answer:
        raise SystemExit(9)
    return s


def beside(s, where, says):
    """Four sockets whose flows have the same seats as this one's: each sends something, or only tries to connect."""
    def seats(one):
        return int.from_bytes(one.getsockopt(socket.SOL_SOCKET, 57, 8), 'little') & 16383  # SO_COOKIE
    mine, others = seats(s), []
    time.sleep(0.1)
    while len(others) < 4:
        one = socket.socket()
        if seats(one) != mine:
            one.close()
            continue
        others.append(one)
        if says:
            one.connect(where)
            continue
        one.bind(('127.0.0.1', 0))
        try:
            one.connect(where)
        except OSError:
            pass
    for one in others * 3 if says else []:
        one.send(says)
    return others


def two_hellos(allowed, hidden):
    """ClientHellos of the same length."""
    def padded(name):
        size = 100 - len(name)
        return hello(name, more=struct.pack('!HH', 21, size) + bytes(size))
    return padded(allowed), padded(hidden)


def own_pages(data, file=-1):
    """Pages with this in front, those of a file if one is given; the memory can be written to."""
    if file != -1:
        os.ftruncate(file, 4096)
    pages = mmap.mmap(file, 4096)
    pages[:len(data)] = data
    return pages


def send_pages(s, how, data):
    """Sends from pages without copying them; gives the pages."""
    n = len(data)
    if how == 'sendfile':
        file = os.open(os.environ['SHARED'] + '/' + T, os.O_RDWR | os.O_CREAT)
        pages = own_pages(data, file)
        assert os.sendfile(s.fileno(), file, 0, n) == n
    elif how == 'splice':
        pages, (out, into) = own_pages(data), os.pipe()
        at = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        assert ctypes.CDLL(None).vmsplice(into, (ctypes.c_size_t * 2)(at, n), 1, 0) == n
        assert os.splice(out, s.fileno(), n) == n
    else:
        s.setsockopt(socket.SOL_SOCKET, 60, 1)  # SO_ZEROCOPY
        pages = own_pages(data)
        assert s.send(memoryview(pages)[:n], 0x4000000) == n  # MSG_ZEROCOPY
    return pages


def rewound(s, size, again):
    """
    The connection as if its last bytes, this many, had not been sent (TCP_REPAIR, as what moves running programs to
    other machines does): on the same socket, or on a new one.
    """
    repair, queue, sequence, options = 19, 20, 21, 22
    def sequences(values=None):
        numbers = []
        for which in (1, 2):  # receive, send
            s.setsockopt(6, queue, which)
            if values:
                s.setsockopt(6, sequence, struct.pack('I', values[which - 1]))
            else:
                numbers += struct.unpack('I', s.getsockopt(6, sequence, 4))
        return numbers
    here, there = s.getsockname(), s.getpeername()
    s.setsockopt(6, repair, 1)
    received, sent = sequences()
    if again:
        ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)  # AF_UNSPEC: closes, and tells nobody
    else:
        s.close()
        s = made()
        s.setsockopt(6, repair, 1)
    s.bind(here)
    sequences([received, sent - size])
    s.connect(there)
    s.setsockopt(6, options, struct.pack('IIII', 2, 1460, 3, 7 | 7 << 16))  # MSS, window scale
    s.setsockopt(6, repair, 0)
    return s
