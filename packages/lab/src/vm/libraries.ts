import { existsSync, readdirSync } from 'node:fs'
import { output } from './command.ts'
import { VmError } from './error.ts'
import { build, checkout } from './paths.ts'
import type { VmFile } from './tree.ts'

/** These programs and native modules of this machine, with the libraries that they need. */
export async function ownPrograms(
  programs: readonly string[],
  modules: readonly string[],
): Promise<VmFile[]> {
  const found = new Set(programs)
  for (const file of [...programs, ...modules]) {
    const listed = await output('VM_FILE_MISSING', 'ldd', [file])
    for (const [, path] of listed.toString().matchAll(/(?:=>|^)\s+(\/\S+) \(0x/gm)) {
      // What lies beside a native module comes with it.
      if (path !== undefined && !path.startsWith(`${checkout}/`)) found.add(path)
    }
  }
  return [...found]
}

/** What node, the native binding, iproute2 and the ordinary programs are in, and need. */
const arm64Packages = [
  'libc6 libgcc-s1 libstdc++6 zlib1g libelf1 libbpf1',
  'iproute2 libmnl0 libbsd0 libmd0 libcap2',
  'nftables libnftables1 libnftnl11 libxtables12 libjansson4 libedit2',
  'bash coreutils dash util-linux mount libmount1 libblkid1 libtinfo6 libacl1 libattr1 libgmp10 libselinux1 libpcre2-8-0 libcap-ng0',
].flatMap((line) => line.split(' '))

/**
 * Programs of the same name from Debian's arm64 packages, and all libraries of these. Only programs
 * of the packages above are there.
 */
export async function arm64Programs(programs: readonly string[]): Promise<VmFile[]> {
  const folder = `${build}/arm64-programs`
  const fetch = `${checkout}/scripts/debian-packages`
  await output('VM_KERNEL_UNAVAILABLE', fetch, ['bookworm', 'arm64', folder, ...arm64Packages])
  const files: VmFile[] = [
    { path: '/lib/ld-linux-aarch64.so.1', link: 'aarch64-linux-gnu/ld-linux-aarch64.so.1' },
  ]
  for (const place of ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu']) {
    for (const name of readdirSync(`${folder}/${place}`)) {
      if (!name.includes('.so')) continue
      files.push({ path: `/${place}/${name}`, from: `${folder}/${place}/${name}` })
    }
  }
  for (const program of programs) {
    const from = [program, program.replace(/^\/usr/, '')]
      .map((path) => folder + path)
      .find((path) => existsSync(path))
    if (from === undefined) {
      throw new VmError('VM_FILE_MISSING', `${program} is not among the VM's arm64 programs`)
    }
    files.push({ path: program, from })
  }
  return files
}
