import { proof } from './account.ts'

/** A way to get root's rights, or to others outside of the confinement. */
export interface Try {
  name: string
  /** As the account. $OUTSIDE is a process of the same user that is not confined. */
  script: string
  /** The folder in which something appears when it works; `null`: the script's status says so. */
  proof?: string | null
  /** Only disable-sudo-and-containers takes it away. */
  containers?: true
  /** It leads to processes outside of the confinement, which on a machine that is hardened have no more rights. */
  outside?: true
  /** It works for nobody here: what it needs to do so is not on the stage. */
  never?: true
}

const ask = (path: string, program = 'socat'): string =>
  `echo ${proof}/asked | ${program} -t60 - UNIX-CONNECT:${path}`

export const tries: readonly Try[] = [
  { name: 'sudo', script: `sudo -n touch ${proof}/sudo` },
  {
    name: 'sudo to another user’s shell',
    script: `sudo -n -u daemon sudo -n true; sudo -n sh -c 'touch ${proof}/shell'`,
  },
  {
    name: 'sudo with a password on standard input',
    script: `echo | sudo -S touch ${proof}/password`,
  },
  { name: 'doas', script: `doas -n touch ${proof}/doas` },
  { name: 'su to root without a password', script: `su -c 'touch ${proof}/su' </dev/null` },
  { name: 'pkexec', script: `pkexec touch ${proof}/pkexec`, never: true },
  { name: 'setuid copy made earlier', script: `/home/ci/cp /etc/hostname ${proof}/copy` },
  {
    name: 'setuid copy on another file system',
    script: `/mnt/other/cp /etc/hostname ${proof}/copy`,
  },
  {
    name: 'setuid copy by way of the dynamic loader',
    script: `/lib64/ld-linux-x86-64.so.2 /home/ci/cp /etc/hostname ${proof}/copy`,
    never: true,
  },
  {
    name: 'copy with file capabilities',
    script: `/home/ci/capable /etc/hostname ${proof}/capable`,
  },
  {
    name: 'own preload into a setuid program',
    script: `LD_PRELOAD=/home/ci/preload.so su -c true </dev/null; LD_PRELOAD=/home/ci/preload.so passwd -S`,
    never: true,
  },
  { name: 'docker group: engine’s socket', script: ask('/run/docker.sock') },
  { name: 'docker group: by the old place of /run', script: ask('/var/run/docker.sock') },
  { name: 'docker group again by sg', script: `sg docker -c '${ask('/run/docker.sock')}'` },
  {
    name: 'docker group again by newgrp',
    script: `echo '${ask('/run/docker.sock')}' | newgrp docker`,
  },
  {
    name: 'docker group again by a setgid copy',
    script: ask('/run/docker.sock', '/home/ci/group'),
  },
  { name: 'engine whose group has another name', script: ask('/run/podman/podman.sock') },
  { name: 'containerd', script: ask('/run/containerd/containerd.sock') },
  { name: 'engine at an unusual place, open to all', script: ask('/srv/odd/api.sock') },
  { name: 'engine of the user’s own', script: ask('/run/user/4242/podman/podman.sock') },
  {
    name: 'engine’s socket by another process’s root',
    script: ask('/proc/$OUTSIDE/root/srv/odd/api.sock'),
  },
  {
    name: 'engine’s socket after taking the mask off',
    script: `umount /srv/odd/api.sock; ${ask('/srv/odd/api.sock')}`,
  },
  {
    name: 'engine’s socket in another mount namespace',
    script: `unshare -Urm sh -c "umount /srv/odd/api.sock; ${ask('/srv/odd/api.sock').replaceAll('"', '')}"`,
  },
  {
    name: 'D-Bus: a service of the machine',
    script: ask('/run/dbus/system_bus_socket'),
    outside: true,
  },
  { name: 'systemd of the user', script: ask('/run/user/4242/bus') },
  {
    name: 'sudoers.d, written',
    script: `echo 'ci ALL=NOPASSWD:ALL' > /etc/sudoers.d/zz; sudo -n touch ${proof}/sudoers`,
  },
  {
    name: 'sudoers through a mount in a user namespace',
    script: `unshare -Urm sh -c 'cp /etc/sudoers.d/ci /tmp/s; mount --bind /tmp/s /etc/sudoers; sudo -n touch ${proof}/mount'`,
    never: true,
  },
  {
    name: 'root’s crontab',
    script: `echo '* * * * * root touch ${proof}/cron' > /etc/cron.d/ci`,
    proof: null,
    never: true,
  },
  {
    name: 'own crontab',
    script: `echo '* * * * * sudo touch ${proof}/cron' | crontab -`,
    proof: '/var/spool/cron/crontabs',
    outside: true,
  },
  {
    name: 'at',
    script: `echo 'sudo touch ${proof}/at' | at now; ls /var/spool/cron/atjobs`,
    proof: '/var/spool/cron/atjobs',
    outside: true,
  },
  {
    name: 'unit of systemd',
    script: `echo x > /etc/systemd/system/ci.service`,
    proof: null,
    never: true,
  },
  {
    name: 'PAM module',
    script: `echo 'auth sufficient pam_permit.so' > /etc/pam.d/su`,
    proof: null,
    never: true,
  },
  {
    name: 'polkit rule in a folder that is open to all',
    script: `echo x > /usr/share/polkit-1/rules.d/ci.rules`,
    proof: '/usr/share/polkit-1/rules.d',
  },
  {
    name: 'polkit’s folder put out of the way',
    script: `mv /usr/share/polkit-1 /usr/share/other && mv /usr/share/other /usr/share/polkit-1`,
    proof: null,
  },
  {
    name: 'environment of a process outside',
    script: 'cat /proc/$OUTSIDE/environ',
    proof: null,
    outside: true,
  },
  {
    name: 'memory of a process outside',
    script: ': >> /proc/$OUTSIDE/mem',
    proof: null,
    outside: true,
  },
  {
    name: 'ptrace of a process outside',
    script:
      'strace -p $OUTSIDE -o /tmp/trace & sleep 1; grep -q "^TracerPid:.*[1-9]" /proc/$OUTSIDE/status; found=$?; kill $!; exit $found',
    proof: null,
    outside: true,
  },
  {
    name: 'descriptor of a process outside',
    script: `perl -e '$p = syscall(434, $ENV{OUTSIDE} + 0, 0); exit(syscall(438, $p, 0, 0) < 0)'`,
    proof: null,
    outside: true,
  },
  {
    name: 'namespaces of a process outside',
    script: 'cat /proc/$OUTSIDE/ns/mnt | head -c 0; readlink /proc/$OUTSIDE/ns/mnt',
    proof: null,
    outside: true,
  },
  {
    name: 'a key into the terminal’s input',
    script: `script -qec 'perl -e "my @key = chr(10); exit(!ioctl(STDIN, 0x5412, \\$key[0]))"' /dev/null`,
    proof: null,
    outside: true,
  },
  {
    name: 'user namespace',
    script: 'unshare --user --map-root-user true',
    proof: null,
    containers: true,
  },
  {
    name: 'user namespace by clone',
    script: 'unshare --fork --pid --user true',
    proof: null,
    containers: true,
  },
  {
    name: 'user namespace after leaving the parents',
    script: 'setsid -w unshare --user true',
    proof: null,
    containers: true,
  },
  {
    name: 'virtual machines',
    script: 'id -Gn | grep -qw kvm',
    proof: null,
    containers: true,
    outside: true,
  },
]

/** What ordinary work needs, and must not lose. */
export const ordinary: readonly { name: string; script: string }[] = [
  { name: 'files of its own', script: 'echo x > ~/x && mv ~/x ~/y && chmod 700 ~/y && rm ~/y' },
  { name: 'temporary files', script: 'f=$(mktemp) && rm "$f"' },
  { name: 'its own groups', script: 'id -Gn | grep -qw harmless' },
  {
    name: 'a folder for its run-time files',
    script: 'echo x > /run/user/4242/x && rm /run/user/4242/x',
  },
  {
    name: 'a debugger on its own children',
    script: 'strace -o /tmp/trace.own true && test -s /tmp/trace.own',
  },
  { name: 'signals to processes outside', script: 'kill -0 $OUTSIDE' },
  { name: 'terminals', script: `script -qec 'test -t 0' /dev/null` },
  { name: 'programs with a setuid bit still start', script: 'su --help' },
  { name: 'programs with file capabilities still start', script: '/home/ci/capable --help' },
  { name: 'sockets and name service', script: 'getent passwd ci && getent group docker' },
]
