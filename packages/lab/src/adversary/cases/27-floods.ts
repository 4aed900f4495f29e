import type { Row } from '../case.ts'
import { python } from './script.ts'

const last = `
# What comes last must be refused like what came first.
s = made()
s.connect((D4, PORT))
s.sendall(DATA)`

export const floods: Row = {
  row: 27,
  title: 'Many at once',
  cases: [
    {
      id: 'flood-connects',
      technique: '20,000 refused connects, then one more',
      attempt: `$ACT storm $D4 8080 20000 | tee /dev/stderr | grep -qv '^20000 EPERM'`,
      twin: '$ACT storm $D4 8080 20',
      by: 'connect: `EPERM`, to the last',
    },
    {
      id: 'flood-datagrams',
      technique: '20,000 refused datagrams',
      attempt: `$ACT storm $D4 8080 u20000 | tee /dev/stderr | grep -qv '^20000 EPERM'`,
      twin: '$ACT storm $D4 8080 u20',
      by: 'connect: `EPERM`, to the last',
    },
    {
      id: 'flood-ports',
      technique: 'connects to 2,000 ports of a denied address',
      attempt: `$ACT sweep $D4 10000 2000 | tee /dev/stderr | grep -qv '^2000$'`,
      twin: '$ACT sweep $D4 8080 1',
      by: 'connect: `EPERM`, to the last',
    },
    {
      id: 'flood-flows',
      technique:
        '6,000 flows to allowed places to push others out of the tables, then a denied one',
      attempt: python(`
base = D4.replace('11.18', '11.19').rsplit('.', 2)[0]
s = made(kind=socket.SOCK_DGRAM)
for number in range(6000): s.sendto(b'x', ('%s.%d.%d' % (base, 100 + number // 200, number % 200), 8080))
${last}`),
      twin: python('tcp(WHERE4)'),
      by: 'connect: full tables refuse, they never allow',
    },
    {
      id: 'flood-names',
      technique: '500 different denied names',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
failed = 0
for number in range(500):
    s.sendto(query('%d.%s' % (number, HOST)), (resolver(), 53))
    failed += s.recv(512)[3] & 15 == 5
raise SystemExit(9 if failed == 500 else 0)`),
      twin: python('ask(query(HOST))'),
      by: 'names: `REFUSED`, to the last',
    },
    {
      id: 'flood-allowed-names',
      technique:
        '200 different allowed names to push others out of the tables, then a denied address',
      attempt: python(`
s = made(kind=socket.SOCK_DGRAM)
for number in range(200):
    s.sendto(query('n%d.x%s.allow.example.com' % (number, T[1:])), (resolver(), 53))
    s.recv(512)
${last}`),
      twin: python('tcp(WHERE4)'),
      by: 'connect: full tables refuse, they never allow',
    },
    {
      id: 'flood-events',
      technique: '20,000 opens of files to fill the rings, with denied connects among them',
      attempt: python(`
failed = 0
name = os.environ['SHARED'] + '/many'
for number in range(20000):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    if number % 2000 == 0:
        try: tcp(WHERE4)
        except PermissionError: failed += 1
raise SystemExit(9 if failed == 10 else 0)`),
      twin: python('tcp(WHERE4)'),
      by: 'connect: a full ring loses events, never a decision',
    },
    {
      id: 'flood-processes',
      technique: 'a chain of 100 processes, the last of which connects',
      attempt: python(`
def deeper(depth):
    if depth == 0:
        try: tcp(WHERE4); os._exit(0)
        except OSError: os._exit(9)
    child = os.fork()
    if child == 0: deeper(depth - 1)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
deeper(100 if T[2] == 'a' else 3)`),
      by: 'connect: `EPERM`',
    },
    {
      id: 'flood-forks',
      technique: '500 processes at once, each of which connects',
      attempt: python(`
children = []
for number in range(500):
    child = os.fork()
    if child == 0:
        s = socket.socket()
        os._exit(0 if s.connect_ex(WHERE4) != errno.EPERM else 9)
    children.append(child)
codes = {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children}
raise SystemExit(9 if codes == {9} else 0)`),
      twin: python('tcp(WHERE4)'),
      by: 'connect: `EPERM`',
    },
  ],
}
