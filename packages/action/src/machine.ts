import { defaultSystem, type System, WORKER } from './system.ts'
import { type Provider, recognise } from './third-party.ts'
import type { Inputs } from './inputs.ts'

/** Where the action runs. */
export interface Machine {
  /** As `process.platform`. */
  platform: string
  /** As `process.arch`. */
  arch: string
  /** A runner that GitHub runs: its virtual machine is this job's alone, and goes with it. */
  hosted: boolean
  /** A company's runners, known by their marks; null: none that is known. */
  thirdParty: Pick<Provider, 'name' | 'machineOfOneJob'> | null
  /** The mark by which it is a container; null: it is none. */
  container: string | null
  /** The runner's worker is seen above this process: a job's steps and their runner are in one place. */
  worker: boolean
  /** The version of glibc that this node runs with; null: another C library, as musl of Alpine. */
  glibc: string | null
  /** systemd is the first process. */
  systemd: boolean
  root: boolean
  /** The absolute path of a sudo that asks for no password; null: there is none. Not tried when root. */
  sudo: string | null
  /** Sudo is not there because another job has it taken away (disable-sudo), and has not ended. */
  sudoTaken: boolean
  /** Capabilities that the agent needs and that root itself cannot have here, as in an unprivileged container. */
  lacking: string[]
  /** The socket of an installed agent; null: there is none. */
  agent: string | null
}

/** The socket of an agent that is installed on the machine. */
export const agentSocket = '/run/runwarden.sock'

/** Looks where the action runs. Nothing is changed. */
export async function describeMachine(system: System = defaultSystem()): Promise<Machine> {
  const { env } = system
  const root = system.uid === 0
  const linux = system.platform === 'linux'
  const sudo = linux && !root ? await findSudo(system) : null
  const worker = system.ancestors().includes(WORKER)
  // A workflow's own env: is in that of this program. Without a worker above nothing can be watched, whatever the marks.
  const marks = system.workerEnv() ?? (worker ? {} : env)
  return {
    platform: system.platform,
    arch: system.arch,
    hosted: env['RUNNER_ENVIRONMENT'] === 'github-hosted',
    thirdParty: recognise({ ...marks, RUNNER_NAME: env['RUNNER_NAME'] }),
    container: linux ? containerMark(system, marks) : null,
    worker,
    glibc: linux ? system.glibc() : null,
    systemd:
      linux &&
      system.exists('/run/systemd/system') &&
      system.read('/proc/1/comm')?.trim() === 'systemd',
    root,
    sudo,
    sudoTaken: linux && !root && sudo === null && system.exists(hardeningRecord),
    lacking: linux ? lackingCapabilities(system) : [],
    agent: linux && system.isSocket(agentSocket) ? agentSocket : null,
  }
}

/** 2.x of glibc, which the agent's native binding and its libraries ask for. */
const oldestGlibc = 34

/**
 * `host`: the machine is this job's alone, so all of it is watched; `job`: the job's processes are taken into a cgroup of
 * their own.
 */
export function scopeOf(
  machine: Machine,
  inputs: Pick<Inputs, 'deployOnSelfHostedVm'>,
): { scope: 'host' | 'job'; why: string } {
  if (machine.container !== null)
    return { scope: 'job', why: `the runner is in a container (${machine.container})` }
  if (machine.hosted)
    return { scope: 'host', why: 'a runner of GitHub is a virtual machine for one job' }
  if (inputs.deployOnSelfHostedVm)
    return {
      scope: 'host',
      why: 'deploy-on-self-hosted-vm says that the machine is this job’s alone',
    }
  const { thirdParty } = machine
  if (thirdParty?.machineOfOneJob === true)
    return { scope: 'host', why: `a runner of ${thirdParty.name} is a virtual machine for one job` }
  return { scope: 'job', why: 'other jobs may run on a self-hosted machine' }
}

/** Why a job cannot be protected here, and what to do, in a sentence or two; null: it can be. */
export function unsupported(machine: Machine): string | null {
  const { platform, arch } = machine
  if (platform !== 'linux') {
    const name = { darwin: 'macOS', win32: 'Windows' }[platform] ?? platform
    return `Nothing can be blocked on ${name}: Runwarden enforces policies by the Linux kernel. Run the job on a Linux runner.`
  }
  if (machine.container !== null && !machine.worker)
    return `The job runs in a container (container:) whose runner is outside of it, so it cannot be watched from here. Run the job without container:, or install the agent on the runner's machine: its own policy holds for containers, too, and the action is then left out.`
  // It knows by itself what its machine can do.
  if (machine.agent !== null) return null
  if (arch !== 'x64' && arch !== 'arm64')
    return `The agent is made for x86-64 and arm64, and this machine is ${arch}.`
  if (Number(machine.glibc?.split('.')[1] ?? 0) < oldestGlibc)
    return `The agent needs glibc 2.${oldestGlibc} or newer as its C library, and here is ${machine.glibc ?? 'another one, such as musl of Alpine'}. Use an image that has it, or install the agent on the machine below the container.`
  if (machine.lacking.length > 0)
    return `This place takes ${machine.lacking.join(', ')} from root itself, as an unprivileged container does (runners labelled ubuntu-slim are one), so nothing can be enforced from within. Use a runner that is a virtual machine, such as ubuntu-24.04, or a privileged container, or install the agent on the machine below it.`
  if (machine.sudoTaken)
    return 'The agent needs root, and a job on this machine has taken sudo away, from every user (disable-sudo): one that has not ended, or one that had the machine for itself. Run such jobs on machines of their own, or install the agent on the machine.'
  if (!machine.root && machine.sudo === null)
    return 'The agent needs root, and sudo is not there or asks for a password. Let the runner’s user use sudo without one, or install the agent on the machine.'
  return null
}

function containerMark({ exists, read }: System, marks: NodeJS.ProcessEnv): string | null {
  if (exists('/.dockerenv')) return '/.dockerenv'
  if (exists('/run/.containerenv')) return '/run/.containerenv'
  if (exists('/run/systemd/container')) return '/run/systemd/container'
  if ((marks['KUBERNETES_SERVICE_HOST'] ?? '') !== '') return 'KUBERNETES_SERVICE_HOST'
  const cgroup = read('/proc/1/cgroup') ?? ''
  return /\/(docker|kubepods|containerd|libpod|lxc|ecs)[/.-]/.test(cgroup) ? '/proc/1/cgroup' : null
}

/** Numbers of capabilities (linux/capability.h): those that the agent's own check asks for. */
const neededCapabilities = { CAP_NET_ADMIN: 12n, CAP_SYS_PTRACE: 19n, CAP_SYS_ADMIN: 21n }

/** By the bounding set, beyond which no sudo goes. */
function lackingCapabilities({ read }: System): string[] {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status') ?? '')?.[1]
  if (bounding === undefined) return []
  const set = BigInt(`0x${bounding}`)
  return Object.entries(neededCapabilities)
    .filter(([, bit]) => (set & (1n << bit)) === 0n)
    .map(([name]) => name)
}

/** Fixed places: PATH may be the workflow's. */
const sudoPlaces = ['/usr/bin/sudo', '/bin/sudo', '/usr/local/bin/sudo', '/run/wrappers/bin/sudo']

/** Where the agent keeps what it has to give back after a job with disable-sudo; there until it has. */
export const hardeningRecord = '/var/lib/runwarden/hardening'

/** What a job before this one has taken is given back when its worker is gone: a runner may take the next one sooner. */
const givenBackMs = 20_000
const lookMs = 250

async function findSudo({ exists, succeeds, wait }: System): Promise<string | null> {
  const path = sudoPlaces.find((place) => exists(place))
  if (path === undefined) return null
  for (let left = givenBackMs; ; left -= lookMs) {
    const isTaken = exists(hardeningRecord)
    if (await succeeds(path, ['-n', 'true'])) return path
    if (!isTaken || left <= 0) return null
    await wait(lookMs)
  }
}
