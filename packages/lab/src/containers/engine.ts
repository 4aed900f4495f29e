import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
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

/** Who starts the programs that use the engine. */
export interface EngineOptions {
  /** An ordinary user of the runner's, made for it, with ids to give away (subuid): a rootless engine. */
  rootless?: boolean
}

/** The user of a rootless engine; known on the runner only. */
export const rootlessUser = { name: 'carrier', uid: 4711 } as const

/**
 * An engine on the lab's runner, and an image of the machine's own files in it. It needs no network
 * but the lab's, and leaves nothing behind. Debian packages: podman, buildah, runc, netavark,
 * aardvark-dns, iptables, busybox-static; for a rootless one slirp4netns and uidmap.
 */
export async function startContainerEngine(
  lab: Lab,
  { rootless = false }: EngineOptions = {},
): Promise<ContainerEngine> {
  // podman takes no longer path than 50 characters for what it keeps while it runs.
  const folder = mkdtempSync(join(lab.folder, 'c'))
  const env = configure(folder, rootless)
  if (rootless) await addUser(lab, folder)
  else await hideMachine(lab)
  const run = (...args: string[]): Promise<string> => podman(lab, env, rootless, args)
  const tree = join(folder, 'tree')
  makeTree(tree, lab.caFile)
  const tar = join(folder, 'image.tar')
  execFileSync('tar', ['-cf', tar, '-C', tree, '--owner=0', '--group=0', '.'])
  await run('import', '--change', 'ENV CURL_CA_BUNDLE=/etc/ca.pem', tar, image)
  rmSync(tree, { recursive: true })
  rmSync(tar)
  return {
    env,
    folder,
    async [Symbol.asyncDispose]() {
      const containers = await run('ps', '--all', '--quiet', '--no-trunc')
      const reset = (): Promise<string> => run('system', 'reset', '--force')
      // What podman itself cleans up after a container that ended a moment ago may write there once more.
      await reset().catch(reset)
      rmSync(folder, { recursive: true, force: true })
      removeCgroups(containers.split('\n').filter(Boolean))
    },
  }
}

/**
 * Settings by which an engine keeps to the folder, and to what it may do on a build machine. They take the place of all others,
 * also of those that a run has for engines: packages/cli/test/agent-systemd.vm.test.ts has an engine as it is by default.
 */
function configure(folder: string, rootless: boolean): Record<string, string> {
  const at = (name: string): string => join(folder, name)
  for (const name of ['storage', 'r', 'networks', 'tmp', 'home']) {
    mkdirSync(at(name))
    if (rootless) chownSync(at(name), rootlessUser.uid, rootlessUser.uid)
  }
  if (rootless) chownSync(folder, rootlessUser.uid, rootlessUser.uid)
  writeFileSync(
    at('storage.conf'),
    `[storage]
driver = "overlay"
graphroot = "${at('storage')}"
rootless_storage_path = "${at('storage')}"
runroot = "${at('r')}"
`,
  )
  writeFileSync(
    at('containers.conf'),
    `[containers]
${rootless ? '' : 'default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]'}
default_capabilities = [${capabilities.map((name) => `"${name}"`).join(', ')}]
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
    ...(rootless ? { HOME: at('home'), XDG_RUNTIME_DIR: at('r') } : {}),
  }
}

/** As Debian's and Ubuntu's own settings have it. Without a list, builds ask for CAP_NET_RAW, too. */
const capabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

/** netavark keeps its resolver's process id at a place of the machine, whatever engine it works for: here it is the lab's own. */
async function hideMachine(lab: Lab): Promise<void> {
  const script = 'mkdir -p /run/containers && mount -t tmpfs none /run/containers'
  await succeed(lab, 'sh', ['-c', script])
}

/** Makes the rootless engine's user known on the runner, over the machine's files. */
async function addUser(lab: Lab, folder: string): Promise<void> {
  const { name, uid } = rootlessUser
  const home = join(folder, 'home')
  const lines = {
    passwd: `${name}:x:${uid}:${uid}::${home}:/bin/sh`,
    group: `${name}:x:${uid}:`,
    subuid: `${name}:600000:65536`,
    subgid: `${name}:600000:65536`,
  }
  // The lab's folder is root's alone.
  chmodSync(lab.folder, 0o711)
  chmodSync(folder, 0o755)
  for (const [file, line] of Object.entries(lines)) {
    const path = `/etc/${file}`
    const own = join(folder, file)
    writeFileSync(own, `${existsSync(path) ? readFileSync(path, 'utf8') : ''}${line}\n`)
    await succeed(lab, 'mount', ['--bind', own, path])
  }
}

async function podman(
  lab: Lab,
  env: Record<string, string>,
  rootless: boolean,
  args: readonly string[],
): Promise<string> {
  const { uid } = rootlessUser
  const user = rootless
    ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--init-groups', '--']
    : ['env', '--']
  const [program = '', ...before] = user
  return succeed(lab, program, [...before, 'podman', ...args], env)
}

async function succeed(
  lab: Lab,
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { status, stdout, stderr } = await lab.runner.exec(program, args, { env, timeout: 600_000 })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

/** podman leaves the parent of its containers' cgroups behind, and those of containers that were killed. */
function removeCgroups(containers: readonly string[]): void {
  const places = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.slice(line.lastIndexOf(':') + 1))
  const mounted = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '')
  const left = containers.flatMap((id) => [`libpod-${id}`, `libpod-conmon-${id}`])
  for (const hierarchy of mounted) {
    for (const own of new Set(['/', ...places])) {
      for (const name of [...left, 'conmon', '']) {
        try {
          rmdirSync(join(hierarchy, own, 'libpod_parent', name))
        } catch {
          // It is not there, or another engine's containers are in it.
        }
      }
    }
  }
}
