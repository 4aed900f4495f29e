import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Lab } from '../lab.ts'
import { makeTree } from './image.ts'

/** The image that is there from the start. */
export const image = 'localhost/small:1'

/** podman and buildah with storage, networks and settings of their own; used by way of `env`. */
export interface ContainerEngine extends AsyncDisposable {
  /** Of the programs that are to use it. */
  readonly env: Readonly<Record<string, string>>
  /** Where all of it lies. */
  readonly folder: string
}

/**
 * An engine on the lab's runner, and an image of the machine's own files in it. It needs no network
 * but the lab's, and leaves nothing behind. Debian packages: podman, buildah, runc, netavark,
 * aardvark-dns, iptables, busybox-static.
 */
export async function startContainerEngine(lab: Lab): Promise<ContainerEngine> {
  // podman takes no longer path than 50 characters for what it keeps while it runs.
  const folder = mkdtempSync(join(lab.folder, 'c'))
  const env = configure(folder)
  const tree = join(folder, 'tree')
  makeTree(tree, lab.caFile)
  const tar = join(folder, 'image.tar')
  execFileSync('tar', ['-cf', tar, '-C', tree, '--owner=0', '--group=0', '.'])
  await podman(lab, env, ['import', '--change', 'ENV CURL_CA_BUNDLE=/etc/ca.pem', tar, image])
  rmSync(tree, { recursive: true })
  rmSync(tar)
  return {
    env,
    folder,
    async [Symbol.asyncDispose]() {
      await podman(lab, env, ['system', 'reset', '--force'])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Settings by which an engine keeps to the folder, and to what it may do on a build machine. */
function configure(folder: string): Record<string, string> {
  const at = (name: string): string => join(folder, name)
  for (const name of ['storage', 'r', 'networks', 'tmp']) mkdirSync(at(name))
  writeFileSync(
    at('storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${at('storage')}"\nrunroot = "${at('r')}"\n`,
  )
  writeFileSync(
    at('containers.conf'),
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
[network]
network_backend = "netavark"
network_config_dir = "${at('networks')}"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${at('tmp')}"
`,
  )
  return {
    CONTAINERS_CONF: at('containers.conf'),
    CONTAINERS_STORAGE_CONF: at('storage.conf'),
    BUILDAH_ISOLATION: 'chroot',
  }
}

async function podman(
  lab: Lab,
  env: Record<string, string>,
  args: readonly string[],
): Promise<void> {
  const { status, stderr } = await lab.runner.exec('podman', args, { env, timeout: 600_000 })
  if (status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${status}: ${stderr}`)
}
