import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { cgroupViewPath, enterPath } from '@runwarden/libbpf'
import { Writable } from 'node:stream'
import { AgentError } from './errors.ts'
import type { Confinement } from './harden/confinement.ts'
import { type Mount, readMounts } from './mounts.ts'
import { ownBytes } from './own-bytes.ts'
import type { Scope } from './scope.ts'

/** What is the command's alone, from whoever started this process. */
export interface Inherited {
  /** Variables that would change node itself, beside those of this process. */
  environment: Readonly<Record<string, string>>
  /** Soft limit of descriptors; 0: not known. */
  files: number
  /** Signals that are ignored: bit n-1 is signal n. */
  ignored: bigint
  /** The name that a variable of this process has for the command. */
  asideAs?: (name: string) => string
}

export const nothingInherited: Inherited = { environment: {}, files: 0, ignored: 0n }

export interface Launch {
  /** Without one the command runs unprotected. */
  scope?: Scope | undefined
  command: readonly [string, ...string[]]
  inherited?: Inherited | undefined
  /** Runs the command as this user of /etc/passwd, with its groups. */
  user?: string | undefined
  /** Takes CAP_NET_RAW away for good: without it nobody opens raw or packet sockets. */
  dropNetRaw: boolean
  /** Shuts the command in; it says the user's ids and groups, too. */
  confinement?: Confinement | undefined
}

/** A line of /etc/passwd. */
export interface Account {
  name: string
  uid: number
  gid: number
  home: string
  shell: string
}

/** @throws AgentError when the machine has no such user. */
export function findAccount(name: string, passwd = readFileSync('/etc/passwd', 'utf8')): Account {
  for (const line of passwd.split('\n')) {
    const [user, , uid, gid, , home = '/', shell = '/bin/sh'] = line.split(':')
    if (user === name && uid !== undefined && gid !== undefined) {
      return { name, uid: Number(uid), gid: Number(gid), home, shell }
    }
  }
  throw new AgentError(
    'NO_USER',
    `there is no user '${name}' in /etc/passwd`,
    'name a user of this machine with --user',
  )
}

/**
 * Starts the command inside the scope. The process enters the scope as its last act before the
 * command's exec, so that nothing of the command runs outside of it and nothing but the command
 * is seen inside. The command's standard streams and terminal are this process's own.
 *
 * It sees its scope as the root of the cgroup hierarchy: what makes cgroups for others, as container
 * engines do, makes them below the scope.
 *
 * It ends as a shell does when there is no such command (127) or it can't be executed (126).
 */
export function launch({
  scope,
  command,
  inherited = nothingInherited,
  user,
  dropNetRaw,
  confinement,
}: Launch): ChildProcess {
  const { environment, files, ignored } = inherited
  const env: NodeJS.ProcessEnv = { ...process.env, ...environment }
  const privileges: string[] = []
  if (user !== undefined) {
    const account = findAccount(user)
    if (confinement === undefined)
      privileges.push(`--reuid=${account.uid}`, `--regid=${account.gid}`, '--init-groups')
    else privileges.push(...confinement.privileges)
    Object.assign(env, {
      HOME: account.home,
      USER: account.name,
      LOGNAME: account.name,
      SHELL: account.shell,
    })
  }
  if (dropNetRaw && confinement === undefined)
    privileges.push('--bounding-set=-net_raw', '--inh-caps=-net_raw')
  // Both handles were opened by root, which is what counts: another user may write to the one, and
  // execute the other, wherever this program is installed.
  const entrance = scope?.openEntrance() ?? openSync('/dev/null', 'w')
  const program = openSync(enterPath, 'r')
  const handles = [entrance, program]
  const namespace = scope?.openNamespace()
  if (namespace !== undefined) handles.push(namespace, openSync(cgroupViewPath, 'r'))
  const bytes = ownBytes(command, env, inherited.asideAs ?? ((name) => name))
  const bytesAt = bytes.length === 0 ? 0 : 3 + handles.length
  const given = [String(files), ignored.toString(16), String(bytesAt), ...command] as const
  const enter = ['/proc/self/fd/4', '3', ...given] as const
  let line: readonly [string, ...string[]] =
    privileges.length === 0 ? enter : ['setpriv', ...privileges, '--', ...enter]
  if (confinement !== undefined) line = [...confinement.shell, ...line]
  if (namespace !== undefined) {
    const mounts = readMounts()
    const view = [...engineSettings(mounts), ...cgroupMounts(mounts)]
    line = ['/proc/self/fd/6', '5', ...view, '--', ...line]
  }
  const [file, ...args] = line
  try {
    const stdio = ['inherit', 'inherit', 'inherit', ...handles] as const
    const child = spawn(file, args, { stdio: bytesAt === 0 ? [...stdio] : [...stdio, 'pipe'], env })
    const pipe = child.stdio[bytesAt]
    // Who has ended already says why.
    if (bytesAt !== 0 && pipe instanceof Writable) pipe.on('error', () => {}).end(bytes)
    return child
  } finally {
    for (const handle of handles) closeSync(handle)
  }
}

/** Below /etc/containers, which podman and buildah bring along; what sorts last decides. */
const settingsFile = '/etc/containers/containers.conf.d/zz-runwarden.conf'

/**
 * Text, path and mount of settings for podman and buildah. By default they have systemd make the containers' cgroups,
 * and that is outside of the scope; an environment would not say otherwise to what sudo starts. And by default they limit a
 * container's processes, which cgroup v2 can't below a cgroup with processes of its own, as the scope's is.
 */
function engineSettings(mounts: readonly Mount[]): string[] {
  const limits = mounts.some(({ type, options }) => type === 'cgroup' && options.includes('pids'))
    ? ''
    : '[containers]\npids_limit = 0\n'
  const above = mounts
    .map(({ path }) => path)
    .filter((path) => settingsFile.startsWith(path === '/' ? path : `${path}/`))
    .toSorted((a, b) => b.length - a.length)
  return [`[engine]\ncgroup_manager = "cgroupfs"\n${limits}`, settingsFile, above[0] ?? '']
}

/** Type, options and path of each mounted hierarchy. */
function cgroupMounts(mounts: readonly Mount[]): string[] {
  return mounts
    .filter(({ type }) => type === 'cgroup2' || type === 'cgroup')
    .flatMap(({ type, options, path }) => [
      type,
      type === 'cgroup2' ? '' : options.filter(namesHierarchy).join(','),
      path,
    ])
}

/** Whether an option of a hierarchy of version 1 says which it is. */
function namesHierarchy(option: string): boolean {
  return !/^(?:ro|rw|seclabel|release_agent=.*)$/.test(option)
}
