"""The runner's resolver: asks the lab's DNS, and lies where a name below allow.example.com asks it to.

  resolver.py ADDRESS UPSTREAM

The first label says how, with addresses in hexadecimal digits:
  to-HEX            leads to HEX (eight digits: IPv4, 32: IPv6), for one second
  flip-HEX-HEX      to the first when asked first, to the second afterwards
  beside-HEX        the true answer, and a record of another name for HEX
  extra-HEX         the true answer, and HEX for the name itself among the additional records
  id-HEX            HEX under another id, then the true answer
  question-HEX      HEX in an answer to another question, then the true answer
  source-HEX        HEX from another address, then the true answer
  twice-HEX         the true answer, then HEX under the same id
  chain-N           N aliases, then the true addresses
  many-N            N addresses, 198.51.100.10 the last of them
"""
import re, socket, struct, sys, threading  # noqa: E401

address, upstream = sys.argv[1:3]
TRUE = '198.51.100.10'
asked = set()
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.bind(('192.0.2.55', 53))


def name_of(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]])
        at += 1 + message[at]
    return labels, at + 5


def wire(name):
    return b''.join(bytes([len(p)]) + p.encode() for p in name.split('.')) + b'\0'


def record(owner, kind, data, ttl=300):
    return owner + struct.pack('!HHIH', kind, 1, ttl, len(data)) + data


def of(owner, digits, ttl=300):
    return record(owner, 1 if len(digits) == 8 else 28, bytes.fromhex(digits), ttl)


def reply(message, end, answers, extra=(), number=None, question=None):
    head = message[:2] if number is None else struct.pack('!H', number)
    body = question or message[12:end]
    return (head + struct.pack('!HHHHH', 0x8180, 1, len(answers), 0, len(extra)) + body + b''.join(answers)
            + b''.join(extra))


def answers_to(message):
    """Answers in the order in which they are sent, each with the socket that it leaves by."""
    labels, end = name_of(message)
    kind = struct.unpack('!H', message[end - 4:end - 2])[0]
    how, *what = (labels[0].decode('latin1').lower() if labels else '').split('-')
    whose = b'.'.join(labels[-3:]).lower()
    own = b'\xc0\x0c'
    true = [record(own, 1, socket.inet_aton(TRUE))] if kind == 1 else []
    if whose != b'allow.example.com' or not what or not re.fullmatch('[0-9a-f]+', what[0]):
        return None
    false = [of(own, what[0])] if kind == 1 and len(what[0]) == 8 else []
    if how == 'to':
        fits = kind == (1 if len(what[0]) == 8 else 28)
        return [(None, reply(message, end, [of(own, what[0], 1)] if fits else []))]
    if how == 'flip':
        key = message[12:end].lower()
        first = key not in asked
        asked.add(key)
        return [(None, reply(message, end, [of(own, what[0 if first else 1], 1)] if kind == 1 else []))]
    if how == 'beside':
        return [(None, reply(message, end, true + [of(wire('elsewhere.example.org'), what[0])] if true else []))]
    if how == 'extra':
        return [(None, reply(message, end, true, false))]
    if how == 'id':
        number = struct.unpack('!H', message[:2])[0] ^ 1
        return [(None, reply(message, end, false, number=number)), (None, reply(message, end, true))]
    if how == 'question':
        question = wire('elsewhere.example.org') + message[end - 4:end]
        return [(None, reply(message, end, false, question=question)), (None, reply(message, end, true))]
    if how == 'source':
        return [(other, reply(message, end, false)), (None, reply(message, end, true))]
    if how == 'twice':
        return [(None, reply(message, end, true)), (None, reply(message, end, false))]
    if how == 'chain':
        links, owner = [], own
        for number in range(int(what[0])):
            target = wire('c%d.chain.example.org' % number)
            links.append(record(owner, 5, target))
            owner = target
        return [(None, reply(message, end, links + ([record(owner, 1, socket.inet_aton(TRUE))] if kind == 1 else [])))]
    if how == 'many':
        count = int(what[0])
        hosts = ['198.51.100.%d' % (199 - number) for number in range(count - 1)] + [TRUE]
        return [(None, reply(message, end, [record(own, 1, socket.inet_aton(h)) for h in hosts] if kind == 1 else []))]
    return None


def forward(message):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.sendto(message, (upstream, 53))
    return s.recv(65535)


def serve_udp(message, client):
    try:
        answers = answers_to(message)
        if answers is None:
            answers = [(None, forward(message))]
        for by, answer in answers:
            (by or server).sendto(answer, client)
    except (IndexError, OSError, struct.error):
        pass


def serve_tcp(stream):
    try:
        with stream:
            while head := stream.recv(2, socket.MSG_WAITALL):
                message = stream.recv(struct.unpack('!H', head)[0], socket.MSG_WAITALL)
                answers = answers_to(message)
                answer = forward(message) if answers is None else answers[-1][1]
                stream.sendall(struct.pack('!H', len(answer)) + answer)
    except (IndexError, OSError, struct.error):
        pass


def accept():
    listener = socket.create_server((address, 53))
    while True:
        threading.Thread(target=serve_tcp, args=(listener.accept()[0],), daemon=True).start()


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((address, 53))
threading.Thread(target=accept, daemon=True).start()
print('ready', file=sys.stderr, flush=True)
while True:
    threading.Thread(target=serve_udp, args=server.recvfrom(65535), daemon=True).start()
