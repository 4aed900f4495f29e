#!/usr/bin/busybox sh
# The guest's first process: makes the machine usable, then runs the commands that come through
# the virtio port, one at a time. A request is a line "SECONDS LENGTH" and LENGTH bytes of shell; an
# answer is a line "STATUS EXPIRED OUT ERR" (EXPIRED: 1 when it was ended for its time; OUT, ERR:
# lengths), then the bytes of both outputs.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
/usr/bin/busybox --install -s

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm /run /tmp
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
chmod 1777 /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
ln -s /proc/self/fd /dev/fd
ip link set lo up
hostname runner

while read -r module; do insmod "/modules/$module.ko"; done </modules/order

# The port appears a moment after its driver.
until [ -c /dev/vport0p1 ] && (exec 3<>/dev/vport0p1) 2>/dev/null; do usleep 10000; done
exec 3<>/dev/vport0p1
echo ready >&3

mkdir /run/vm
cd /run/vm || exit 1
serve() {
  while read -r seconds length <&3; do
    head -c "$length" <&3 >command
    rm -f expired
    (cd / && exec setsid sh /run/vm/command) </dev/null >out 2>err 3>&- &
    command=$!
    (
      sleep "$seconds" &
      sleep=$!
      trap 'kill "$sleep"; exit' TERM
      wait "$sleep"
      : >expired
      kill -KILL -- "-$command"
    ) </dev/null >/dev/null 2>&1 3>&- &
    guard=$!
    wait "$command"
    status=$?
    kill "$guard" 2>/dev/null
    wait "$guard" 2>/dev/null
    [ -e expired ] && expired=1 || expired=0
    out=$(wc -c <out)
    err=$(wc -c <err)
    {
      echo "$status $expired $out $err"
      head -c "$out" out
      head -c "$err" err
    } >&3
  done
}

# With systemd it is the first process, and requests are served beside it.
if [ -e /etc/systemd/first ]; then
  serve &
  exec /usr/lib/systemd/systemd
fi
serve
poweroff -f
