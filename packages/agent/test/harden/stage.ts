import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const checkout = fileURLToPath(new URL('../../../../', import.meta.url))
const execute = promisify(execFile)

/** Real programs that give rights, unpacked beside the machine: it has none of them itself. */
export async function programs(): Promise<string> {
  const folder = join(checkout, 'build/harden-programs')
  const names = ['sudo', 'opendoas', 'pkexec', 'at', 'cron', 'cron-daemon-common', 'uidmap']
  const { stdout } = await execute('dpkg', ['--print-architecture'])
  const release = /^VERSION_CODENAME=(.*)$/m.exec(
    (await execute('cat', ['/etc/os-release'])).stdout,
  )
  await execute(join(checkout, 'scripts/debian-packages'), [
    release?.[1] ?? '',
    stdout.trim(),
    folder,
    ...names,
  ])
  return folder
}

/**
 * Runs a module as root on a copy of this machine: the same files, with the programs above, a file system of
 * its own over them, and mount, process, network and other namespaces of its own. Nothing that it does
 * to accounts, files, services or processes is seen outside, and all of it goes with its end.
 * @param options `ownUsers`: also a user namespace, for what changes its settings
 * @returns what it printed
 */
export async function onStage(module: string, { ownUsers = false } = {}): Promise<string> {
  const place = mkdtempSync(join(tmpdir(), 'runwarden-stage-'))
  const setUp = `
    set -e
    mount -t tmpfs stage "$1"
    mkdir "$1/upper" "$1/work" "$1/root"
    cp -a "$2" "$1/programs"
    # On the machine these are links into /usr.
    for name in bin sbin lib; do
      [ ! -d "$1/programs/$name" ] || cp -a "$1/programs/$name/." "$1/programs/usr/$name/"
      rm -rf "$1/programs/$name"
    done
    mount -t overlay -o "lowerdir=$1/programs:/,upperdir=$1/upper,workdir=$1/work" stage "$1/root"
    cd "$1/root"
    mount -t proc proc proc
    mount -t sysfs sysfs sys 2>/dev/null || mount --rbind /sys sys
    # Devices of its own: their permissions are changed, too.
    mount -t tmpfs -o mode=755 dev dev
    for name in null zero full random urandom tty; do
      touch "dev/$name"
      mount --bind "/dev/$name" "dev/$name"
    done
    mknod -m 0660 dev/kvm c 10 232
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 pts dev/pts
    mount -t tmpfs -o mode=1777 shm dev/shm
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    mount -t tmpfs -o mode=755 run run
    mkdir run/lock run/user
    mount -t tmpfs -o mode=1777 tmp tmp
    # A checkout below /tmp is still to be found there.
    [ -e ".$3" ] || { mkdir -p ".$6" && mount --rbind "$6" ".$6" && mount -o remount,bind,ro ".$6"; }
    hierarchy=$(sed -n 's/^[^ ]* \\([^ ]*\\) cgroup2 .*/\\1/p' /proc/self/mounts | head -n 1)
    [ -z "$hierarchy" ] || mount -t cgroup2 cgroup2 sys/fs/cgroup
    ip link set lo up
    mkdir -p mnt/old
    pivot_root . mnt/old
    umount -l /mnt/old
    cd /
    [ "$5" = own-users ] || exec "$3" "$4"
    # A user namespace that knows every user by its own number; its maps are written from outside.
    mkfifo /run/go
    unshare --user sh -c 'read -r go < /run/go; exec unshare --mount --pid --fork --kill-child --mount-proc "$@"' sh "$3" "$4" &
    while [ "$(readlink "/proc/$!/ns/user")" = "$(readlink /proc/self/ns/user)" ]; do :; done
    for map in uid_map gid_map; do echo 0 0 4294967295 > "/proc/$!/$map"; done
    echo > /run/go
    wait "$!"`
  try {
    const { stdout } = await execute(
      'unshare',
      [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        '--net',
        '--ipc',
        '--uts',
        'sh',
        '-c',
        setUp,
        'sh',
        place,
        await programs(),
        process.execPath,
        fileURLToPath(new URL(module, import.meta.url)),
        ownUsers ? 'own-users' : '',
        checkout.replace(/\/$/, ''),
      ],
      // unshare does not mind SIGTERM; with it goes all that is on the stage.
      { timeout: 580_000, killSignal: 'SIGKILL', maxBuffer: 16 * 2 ** 20 },
    )
    return stdout
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}
