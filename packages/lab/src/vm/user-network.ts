import { join } from 'node:path'
import { writeCpio } from './cpio.ts'
import { fetchKernel } from './kernels.ts'
import { ownPrograms } from './libraries.ts'
import { loadOrder } from './modules.ts'
import { Tree } from './tree.ts'

/** The guest's first process, before and after what it is to do. */
const before = `#!/usr/bin/busybox sh
export PATH=/usr/bin:/usr/sbin
/usr/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module.ko"; done </modules/order
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
`
const after = `
poweroff -f
`

/**
 * A virtual machine whose network is qemu's own, of user space (`-netdev user`): what the guest sends,
 * the process of qemu sends. It has busybox, curl and dig, does what a script says, and ends.
 * @param folder for its files
 * @returns the command that starts it; the guest's console is its standard output
 */
export async function userNetworkGuest(
  script: string,
  folder: string,
): Promise<[string, ...string[]]> {
  const kernel = await fetchKernel('6.12-amd64')
  const tree = new Tree()
  for (const path of ['/proc', '/sys', '/dev', '/tmp', '/etc']) tree.folder(path)
  tree.add({ path: '/init', content: before + script + after, mode: 0o755 })
  tree.add({ path: '/usr/bin/busybox', from: kernel.busybox })
  tree.add({ path: '/etc/resolv.conf', content: 'nameserver 10.0.2.3\n' })
  tree.add({ path: '/etc/nsswitch.conf', content: 'hosts: files dns\n' })
  for (const file of await ownPrograms(['/usr/bin/curl', '/usr/bin/dig'], [])) tree.add(file)
  const modules = await loadOrder(kernel, ['virtio_pci', 'virtio_net'])
  for (const { name, content } of modules) tree.add({ path: `/modules/${name}.ko`, content })
  tree.add({ path: '/modules/order', content: modules.map(({ name }) => `${name}\n`).join('') })
  const initrd = join(folder, 'initrd')
  writeCpio(tree, initrd)
  const options = [
    '-accel tcg -M q35 -cpu max -m 512M -nodefaults -no-user-config -display none -no-reboot',
    '-serial stdio -netdev user,id=network -device virtio-net-pci,netdev=network',
  ]
  const commandLine = 'console=ttyS0 quiet loglevel=4 panic=-1 rdinit=/init mitigations=off'
  return [
    'qemu-system-x86_64',
    ...options.join(' ').split(' '),
    '-kernel',
    kernel.image,
    '-initrd',
    initrd,
    '-append',
    commandLine,
  ]
}
