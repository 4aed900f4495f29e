import type { Hardening } from '@runwarden/policy'

/** What is to be taken away. */
export type Level = Exclude<Hardening, 'none'>

/**
 * What gives an ordinary user the rights of root on Linux machines as they are. The lists are by name;
 * what they miss is found by looking (engines.ts) and by trying (packages/libbpf/native/roads.c).
 */

const words = (text: string): string[] => text.split(' ')

/** Groups that an engine's socket belongs to, and hardly anything else. */
export const engineGroups: readonly string[] = words(
  'docker containerd podman crio buildkit nerdctl lxd lxc incus incus-admin libvirt libvirtd',
)

/** Groups that give root's rights by devices and files: a process that holds one needs no login for it. */
export const heldGroups: readonly string[] = words(
  'root rvm staff shadow libvirt-qemu disk kmem mem',
)

/** Groups whose members are as good as root: by these, an engine's socket or sudo's rules. */
const rootGroups = [
  ...engineGroups,
  ...heldGroups,
  ...words('sudo sudoers wheel admin google-sudoers'),
]

/** Groups that can run machines: no road to root, but to what is not under the policy. */
const machineGroups = ['kvm', 'vboxusers']

/** Names of the groups that a job loses. */
export function groupsToLose(level: Level): readonly string[] {
  return level === 'sudo' ? rootGroups : [...rootGroups, ...machineGroups]
}

/** Sockets whose server does as root what it is told: container and machine engines, by usual place. */
export const engineSockets: readonly string[] = [
  '/run/docker.sock',
  '/run/cri-dockerd.sock',
  '/run/containerd/containerd.sock',
  '/run/docker/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/run/podman/podman.sock',
  '/run/podman/io.podman',
  '/run/crio/crio.sock',
  '/run/buildkit/buildkitd.sock',
  '/run/libvirt/libvirt-sock',
  '/run/libvirt/virtqemud-sock',
  '/run/libvirt/virtlxcd-sock',
  '/run/multipass_socket',
  '/var/lib/lxd/unix.socket',
  '/var/snap/lxd/common/lxd/unix.socket',
  '/var/lib/incus/unix.socket',
  '/var/snap/docker/common/run/docker.sock',
]

/** Units of systemd that are engines, or start them for whoever asks. Stopped in this order. */
export const engineUnits: readonly string[] = words(
  'docker.socket docker.service cri-docker.socket cri-docker.service podman.socket podman.service ' +
    'podman-restart.service containerd.service crio.service buildkit.socket buildkit.service ' +
    'libvirtd.socket libvirtd-admin.socket libvirtd-ro.socket libvirtd.service virtqemud.socket ' +
    'virtqemud.service lxd.socket lxd.service snap.lxd.daemon.unix.socket snap.lxd.daemon.service ' +
    'snap.docker.dockerd.service incus.socket incus.service k3s.service',
)

/** Folders that are an engine's alone: a socket that it makes later lies there, too. */
export const engineFolders: readonly string[] = [
  '/run/docker',
  '/run/containerd',
  '/run/k3s',
  '/run/podman',
  '/run/crio',
  '/run/buildkit',
  '/run/libvirt',
]

/** Names of processes (first 15 bytes of /proc/PID/comm) that are container or machine engines. */
export const engineNames: ReadonlySet<string> = new Set(
  words(
    'dockerd podman containerd crio cri-dockerd buildkitd lxd incusd libvirtd virtqemud virtlxcd ' +
      'multipassd rootlesskit k3s-server',
  ),
)

/** Sockets by which the machine's services act for whoever may ask, by user and not by privileges. */
export const serviceSockets: readonly string[] = [
  '/run/dbus/system_bus_socket',
  '/run/systemd/private',
  '/run/snapd.socket',
  '/run/snapd-snap.socket',
]

/** Files and folders that root's programs believe: who can write there becomes root. */
export const trustedPlaces: readonly string[] = words(
  '/etc/sudoers /etc/sudoers.d /etc/sudo.conf /etc/doas.conf /etc/polkit-1 /etc/passwd ' +
    '/etc/shadow /etc/group /etc/gshadow /etc/pam.d /etc/pam.conf /etc/security /etc/crontab ' +
    '/etc/cron.d /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly ' +
    '/etc/anacrontab /var/spool/cron/crontabs/root /etc/systemd /run/systemd/system /run/systemd/transient ' +
    '/usr/lib/systemd/system /usr/local/lib/systemd /etc/init.d /etc/rc.local /etc/udev ' +
    '/usr/lib/udev /etc/dbus-1 /usr/share/dbus-1 /usr/share/polkit-1 /etc/docker /etc/containerd ' +
    '/etc/ld.so.preload /etc/ld.so.conf /etc/ld.so.conf.d /etc/ld.so.cache /etc/profile ' +
    '/etc/profile.d /root/.ssh /root/.profile /root/.bashrc /etc/modprobe.d /etc/logrotate.d /etc/apt',
)
