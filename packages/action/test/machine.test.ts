import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { home } from '../../agent/src/harden/job.ts'
import {
  describeMachine,
  hardeningRecord,
  type Machine,
  scopeOf,
  unsupported,
} from '../src/machine.ts'
import { defaultSystem, type System } from '../src/system.ts'
import { providers, recognise } from '../src/third-party.ts'

interface Given extends Partial<
  Omit<System, 'exists' | 'isSocket' | 'read' | 'succeeds' | 'wait'>
> {
  files?: Record<string, string>
  sockets?: string[]
  /** sudo asks for no password. */
  sudo?: boolean
  /** Another job has taken it; in ms it has ended, and it is given back. */
  givenBackAfter?: number
}

/** A hosted runner's virtual machine, but for what is given. */
function system({
  files = {},
  sockets = [],
  sudo = true,
  givenBackAfter = 0,
  ...given
}: Given = {}): System {
  let waited = 0
  const isTaken = (): boolean => waited < givenBackAfter
  const all: Record<string, string> = {
    '/proc/1/comm': 'systemd\n',
    '/proc/1/cgroup': '0::/init.scope\n',
    '/run/systemd/system': '',
    '/usr/bin/sudo': '',
    '/proc/self/status': 'Name:\tnode\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\n',
    ...files,
  }
  return {
    platform: 'linux',
    arch: 'x64',
    uid: 1001,
    env: { RUNNER_ENVIRONMENT: 'github-hosted' },
    glibc: () => '2.39',
    ancestors: () => ['Runner.Worker', 'Runner.Listener', 'systemd'],
    workerEnv: () => ({}),
    ...given,
    exists: (path) => path in all || (path === hardeningRecord && isTaken()),
    isSocket: (path) => sockets.includes(path),
    read: (path) => all[path] ?? null,
    succeeds: async (program, args) => {
      expect([program, ...args]).toEqual(['/usr/bin/sudo', '-n', 'true'])
      return sudo && !isTaken()
    },
    wait: async (ms) => {
      waited += ms
    },
  }
}

const hosted: Machine = {
  platform: 'linux',
  arch: 'x64',
  hosted: true,
  thirdParty: null,
  container: null,
  worker: true,
  glibc: '2.39',
  systemd: true,
  root: false,
  sudo: '/usr/bin/sudo',
  sudoTaken: false,
  lacking: [],
  agent: null,
}
const selfHosted = { RUNNER_ENVIRONMENT: 'self-hosted' }
const agent = '/run/runwarden.sock'

const places: {
  name: string
  given: Given
  machine: Partial<Machine>
  scope: 'host' | 'job'
  /** A part of the sentence; null: supported. */
  refused: RegExp | null
}[] = [
  { name: 'a hosted runner', given: {}, machine: {}, scope: 'host', refused: null },
  {
    name: 'a hosted runner on arm64',
    given: { arch: 'arm64' },
    machine: { arch: 'arm64' },
    scope: 'host',
    refused: null,
  },
  {
    name: 'a self-hosted machine without systemd, as root',
    given: {
      env: selfHosted,
      uid: 0,
      files: { '/proc/1/comm': 'runit\n' },
    },
    machine: { hosted: false, systemd: false, root: true, sudo: null },
    scope: 'job',
    refused: null,
  },
  {
    name: 'a self-hosted machine whose sudo asks for a password',
    given: { env: selfHosted, sudo: false },
    machine: { hosted: false, sudo: null },
    scope: 'job',
    refused: /needs root/,
  },
  {
    name: 'a machine whose job before this one gives sudo back in a moment',
    given: { env: selfHosted, givenBackAfter: 3000 },
    machine: { hosted: false },
    scope: 'job',
    refused: null,
  },
  {
    name: 'a machine where another job has sudo taken away',
    given: { env: selfHosted, givenBackAfter: 1_000_000 },
    machine: { hosted: false, sudo: null, sudoTaken: true },
    scope: 'job',
    refused: /a job on this machine .* \(disable-sudo\)/,
  },
  {
    name: 'the same with an installed agent',
    given: { env: selfHosted, sudo: false, sockets: [agent] },
    machine: { hosted: false, sudo: null, agent },
    scope: 'job',
    refused: null,
  },
  {
    name: 'a runner in a pod',
    given: {
      env: selfHosted,
      workerEnv: () => ({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }),
      files: { '/proc/1/comm': 'run.sh\n' },
    },
    machine: { hosted: false, container: 'KUBERNETES_SERVICE_HOST', systemd: false },
    scope: 'job',
    refused: null,
  },
  {
    name: 'a job container of a hosted runner',
    given: { uid: 0, files: { '/.dockerenv': '', '/proc/1/comm': 'tail\n' }, ancestors: () => [] },
    machine: {
      container: '/.dockerenv',
      worker: false,
      systemd: false,
      root: true,
      sudo: null,
    },
    scope: 'job',
    refused: /\(container:\) whose runner is outside/,
  },
  {
    name: 'a job container with the socket of an agent',
    given: {
      uid: 0,
      files: { '/run/.containerenv': '', '/proc/1/comm': 'tail\n' },
      ancestors: () => [],
      sockets: [agent],
    },
    machine: {
      container: '/run/.containerenv',
      worker: false,
      systemd: false,
      root: true,
      sudo: null,
      agent,
    },
    scope: 'job',
    refused: /\(container:\) whose runner is outside/,
  },
  {
    name: 'a container that only its cgroup tells',
    given: {
      files: {
        '/proc/1/cgroup': '0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-2.scope\n',
      },
      ancestors: () => ['bash'],
    },
    machine: { container: '/proc/1/cgroup', worker: false },
    scope: 'job',
    refused: /container:/,
  },
  {
    name: 'a runner of GitHub that is an unprivileged container',
    given: {
      files: {
        '/.dockerenv': '',
        '/proc/1/comm': 'run.sh\n',
        '/proc/self/status': 'CapBnd:\t00000000a80425fb\n',
      },
    },
    machine: {
      container: '/.dockerenv',
      systemd: false,
      lacking: ['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_SYS_ADMIN'],
    },
    scope: 'job',
    refused: /takes CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN from root itself.*ubuntu-slim/,
  },
  {
    name: 'Alpine',
    given: { env: selfHosted, glibc: () => null },
    machine: { hosted: false, glibc: null },
    scope: 'job',
    refused: /musl/,
  },
  {
    name: 'an older glibc',
    given: { env: selfHosted, glibc: () => '2.31' },
    machine: { hosted: false, glibc: '2.31' },
    scope: 'job',
    refused: /glibc 2\.34 or newer.* 2\.31/,
  },
  {
    name: 'a 32-bit runner',
    given: { env: selfHosted, arch: 'arm' },
    machine: { hosted: false, arch: 'arm' },
    scope: 'job',
    refused: /x86-64 and arm64.* arm\b/,
  },
  {
    name: 'macOS',
    given: { platform: 'darwin', arch: 'arm64', ancestors: () => [] },
    machine: {
      platform: 'darwin',
      arch: 'arm64',
      worker: false,
      glibc: null,
      systemd: false,
      sudo: null,
    },
    scope: 'host',
    refused: /blocked on macOS/,
  },
  {
    name: 'Windows',
    given: { platform: 'win32', uid: -1, ancestors: () => [] },
    machine: { platform: 'win32', worker: false, glibc: null, systemd: false, sudo: null },
    scope: 'host',
    refused: /blocked on Windows/,
  },
]

test.each(places)('$name', async ({ given, machine, scope, refused }) => {
  const found = await describeMachine(system(given))
  expect(found).toEqual({ ...hosted, ...machine })
  expect(scopeOf(found, { deployOnSelfHostedVm: false }).scope).toBe(scope)
  if (refused === null) expect(unsupported(found)).toBeNull()
  else expect(unsupported(found)).toMatch(refused)
})

test('deploy-on-self-hosted-vm makes the machine the scope, but for a container', () => {
  const inputs = { deployOnSelfHostedVm: true }
  expect(scopeOf({ ...hosted, hosted: false }, inputs).scope).toBe('host')
  expect(scopeOf({ ...hosted, container: '/.dockerenv' }, inputs).scope).toBe('job')
})

const runners: [env: Record<string, string>, name: string, scope: 'host' | 'job'][] = [
  [{ DEPOT_RUNNER: '1' }, 'Depot', 'host'],
  [{ NAMESPACE_GITHUB_RUNTIME: '/x' }, 'Namespace', 'host'],
  [{ BITRISE_IO: 'true' }, 'Bitrise', 'host'],
  [{ WARPBUILD_RUNNER_VERIFICATION_TOKEN: 'x' }, 'WarpBuild', 'host'],
  [{ RUNNER_NAME: 'warp-4x-x64-abc' }, 'WarpBuild', 'job'],
  [{ RUNNER_NAME: 'blacksmith-01' }, 'Blacksmith', 'job'],
  [{ CODEBUILD_BUILD_ARN: 'arn:aws:codebuild:eu:1:build/x' }, 'AWS CodeBuild', 'job'],
  [{ RUNS_ON_RUNNER_NAME: 'x' }, 'RunsOn', 'host'],
]

test.each(runners)('%o is a runner of %s: scope %s', async (env, name, scope) => {
  const { RUNNER_NAME, ...marks } = env
  const given = { env: { ...selfHosted, RUNNER_NAME }, workerEnv: () => marks }
  const machine = await describeMachine(system(given))
  expect(machine.thirdParty?.name).toBe(name)
  expect(scopeOf(machine, { deployOnSelfHostedVm: false }).scope).toBe(scope)
})

test.each([null, {}])('what a workflow sets itself is no mark (worker: %j)', async (worker) => {
  const env = { ...selfHosted, BITRISE_IO: 'true', KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  const machine = await describeMachine(system({ env, workerEnv: () => worker }))
  expect(machine).toEqual({ ...hosted, hosted: false })
})

test('each company has a runner here, and others have no mark', () => {
  expect(new Set(runners.map(([, name]) => name))).toEqual(
    new Set(providers.map(({ name }) => name)),
  )
  expect(recognise({ DEPOT_RUNNER: '', RUNNER_NAME: 'my-blacksmith-1', BITRISE_IO: '' })).toBeNull()
})

test('the agent keeps there what it has to give back', () => {
  expect(hardeningRecord).toBe(home)
})

test('this machine is described', async () => {
  const machine = await describeMachine()
  expect(machine).toMatchObject({ platform: process.platform, arch: process.arch })
  expect(machine.root).toBe(process.getuid?.() === 0)
  expect(defaultSystem().ancestors().length).toBeGreaterThan(0)
  expect(defaultSystem().exists('/proc/1/comm')).toBe(true)
  expect(defaultSystem().isSocket('/proc/1/comm')).toBe(false)
})

test('a program that fails, and one that is not there, succeed in nothing', async () => {
  const { succeeds } = defaultSystem()
  expect(await succeeds('/bin/true', [])).toBe(true)
  expect(await succeeds('/bin/false', [])).toBe(false)
  expect(await succeeds('/nonexistent/sudo', ['-n', 'true'])).toBe(false)
})

test('the glibc that is asked for is the newest that the binding and its programs need', () => {
  const built = join(import.meta.dirname, '../../libbpf/build')
  const targets = readdirSync(built).filter((name) => name.startsWith('linux-'))
  const versions = targets.flatMap((target) =>
    readdirSync(join(built, target)).flatMap((file) =>
      [
        ...readFileSync(join(built, target, file), 'latin1').matchAll(/\0GLIBC_2\.(\d+)(?=[.\0])/g),
      ].map(([, minor]) => Number(minor)),
    ),
  )
  const sentence = unsupported({ ...hosted, glibc: null }) ?? ''
  expect(sentence).toContain(`glibc 2.${Math.max(...versions)} or newer`)
})
