import { expect, test } from 'vitest'
import { hostMounts } from '../src/container-facts.ts'
import { parseMounts } from '../src/mounts.ts'

const host = parseMounts(`22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 0:5 / /dev rw - devtmpfs udev rw
24 22 0:21 / /proc rw - proc proc rw
25 22 0:22 / /sys rw - sysfs sysfs rw
26 22 0:24 / /run rw - tmpfs tmpfs rw
27 22 8:2 /@home /home rw - btrfs /dev/sda2 rw
28 22 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
`)

test('what a container sees of the machine is told by its path there, the outermost first', () => {
  const mounts = parseMounts(`700 1 0:90 / / rw - overlay overlay rw
701 700 0:91 / /proc rw - proc proc rw
702 700 0:22 / /sys ro - sysfs sysfs rw
703 702 0:28 /docker/1 /sys/fs/cgroup ro - cgroup2 cgroup2 rw
704 700 0:92 / /dev rw - tmpfs tmpfs rw
705 700 8:1 / /host rw - ext4 /dev/sda1 rw
706 700 8:1 /etc/shadow\\040x /s ro - ext4 /dev/sda1 rw
707 700 0:24 /docker.sock /var/run/docker.sock rw - tmpfs tmpfs rw
708 700 8:2 /@home/runner/w /w rw - btrfs /dev/sda2 rw
709 700 8:2 /@other /other rw - btrfs /dev/sda2 rw
710 700 0:21 / /host-proc rw - proc proc rw
711 700 0:24 / /host-run rw - tmpfs tmpfs rw
`)
  const told = hostMounts(mounts, host).map(
    ({ from, to, readOnly }) => `${from} on ${to}${readOnly ? ' (read-only)' : ''}`,
  )
  expect(told).toEqual([
    '/ on /host',
    '/run/docker.sock on /var/run/docker.sock',
    '/proc on /host-proc',
    '/run on /host-run',
    '/etc/shadow x on /s (read-only)',
    '/home/runner/w on /w',
  ])
})
