import { fileURLToPath } from 'node:url'
import type { Kernel } from './kernels.ts'
import { arm64Programs, ownPrograms } from './libraries.ts'
import { loadOrder } from './modules.ts'
import { nodeFor } from './node.ts'
import { binding, checkoutFiles } from './checkout.ts'
import { Tree, type VmFile } from './tree.ts'

const ownModules = ['virtio_pci', 'virtio_console']

export interface GuestOptions {
  files: readonly VmFile[]
  programs: readonly string[]
  modules: readonly string[]
  /** Whether the guest gets the checkout. */
  checkout: boolean
}

/** The file tree that a guest boots from: busybox, node, and what the caller asked for. */
export async function guestTree(kernel: Kernel, options: GuestOptions): Promise<Tree> {
  const tree = new Tree()
  for (const folder of ['/proc', '/sys', '/dev', '/run', '/tmp', '/root', '/mnt'])
    tree.folder(folder)
  tree.add({ path: '/init', from: fileURLToPath(new URL('init.sh', import.meta.url)) })
  tree.add({ path: '/usr/bin/busybox', from: kernel.busybox })
  tree.add({
    path: '/etc/passwd',
    content: accounts.map(([name, id]) => `${name}:x:${id}:${id}::/root:/bin/sh\n`).join(''),
  })
  tree.add({
    path: '/etc/group',
    content: accounts.map(([name, id]) => `${name}:x:${id}:\n`).join(''),
  })
  tree.add({ path: '/etc/shadow', content: 'root:*:20000:0:99999:7:::\n', mode: 0o640 })
  tree.add({ path: '/etc/hosts', content: '127.0.0.1 localhost\n::1 localhost\n' })

  const node = await nodeFor(kernel.architecture)
  tree.add({ path: '/usr/bin/node', from: node })
  const { programs, checkout } = options
  const libraries =
    node === process.execPath
      ? await ownPrograms([...programs], checkout ? [node, binding] : [node])
      : await arm64Programs(programs)
  for (const file of libraries) tree.add(file)
  if (checkout) for (const file of checkoutFiles()) tree.add(file)
  for (const file of options.files) tree.add(file)

  const modules = await loadOrder(kernel, [...ownModules, ...options.modules])
  for (const { name, content } of modules) tree.add({ path: `/modules/${name}.ko`, content })
  tree.add({ path: '/modules/order', content: modules.map(({ name }) => `${name}\n`).join('') })
  return tree
}

const accounts = [
  ['root', 0],
  ['runner', 1001],
  ['nobody', 65534],
] as const
