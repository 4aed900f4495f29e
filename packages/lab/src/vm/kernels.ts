import { existsSync, readdirSync } from 'node:fs'
import { output } from './command.ts'
import { VmError } from './error.ts'
import { build, checkout } from './paths.ts'

export type Architecture = 'amd64' | 'arm64'

/** Debian's cloud kernels, by the version that they are based on. */
const sources = {
  '6.1-amd64': { release: 'bookworm', architecture: 'amd64' },
  '6.12-amd64': { release: 'trixie', architecture: 'amd64' },
  '6.1-arm64': { release: 'bookworm', architecture: 'arm64' },
} as const satisfies Record<string, { release: string; architecture: Architecture }>

export type KernelName = keyof typeof sources
/** .ci/run has a part of the tests in virtual machines: docs/testing.md says which, and why. */
export const partOnly = process.env['RUNWARDEN_VM'] === 'part'

// Object.keys forgets the names of the keys.
export const everyKernel = Object.keys(sources) as KernelName[]

/** What the tests of a set run on: in CI's part 6.12 has whole jobs, the service and attacks only. */
export const kernelNames = everyKernel.filter((name) => !partOnly || name !== '6.12-amd64')

/** The same of sets that CI's part has on the oldest kernel alone. */
export const oldestOrAll = everyKernel.filter((name) => !partOnly || name === '6.1-amd64')

/** A kernel's files on this machine, and the static busybox of the same release. */
export interface Kernel {
  name: KernelName
  architecture: Architecture
  /** As uname -r says it. */
  release: string
  image: string
  /** Folder with `kernel/`, the modules. */
  modules: string
  busybox: string
}

/**
 * Finds a kernel in build/kernels, fetching it there first (about 40 MB) when it is not. Fails
 * with VM_KERNEL_UNAVAILABLE when the machine's Debian mirror does not have it.
 */
export async function fetchKernel(name: KernelName): Promise<Kernel> {
  const { release, architecture } = sources[name]
  const folder = `${build}/kernels/${name}`
  await output('VM_KERNEL_UNAVAILABLE', `${checkout}/scripts/debian-packages`, [
    release,
    architecture,
    folder,
    `depends:linux-image-cloud-${architecture}`,
    'busybox-static',
  ])
  const image = readdirSync(`${folder}/boot`).find((file) => file.startsWith('vmlinuz-'))
  if (image === undefined) {
    throw new VmError(
      'VM_KERNEL_UNAVAILABLE',
      `no kernel image in ${folder}/boot; delete ${folder}`,
    )
  }
  const version = image.slice('vmlinuz-'.length)
  return {
    name,
    architecture,
    release: version,
    image: `${folder}/boot/${image}`,
    modules: inFolder(folder, `lib/modules/${version}`),
    busybox: inFolder(folder, 'bin/busybox'),
  }
}

/** Newer releases of Debian ship everything below /usr. */
function inFolder(folder: string, path: string): string {
  return existsSync(`${folder}/${path}`) ? `${folder}/${path}` : `${folder}/usr/${path}`
}
