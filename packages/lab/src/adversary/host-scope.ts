import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { hasSaid } from '../has-said.ts'
import { link } from '../internet/link.ts'
import type { Lab } from '../lab.ts'
import type { RunnerSide } from '../runner-side.ts'

/** In a virtual machine alone: everything that is not the job's is in here, and exempt. */
const outside = '/sys/fs/cgroup/outside'
/** What jobs and their accomplices are in. */
export const inside = '/sys/fs/cgroup/job'
/** What the runner's namespaces are made in: not exempt. */
export const machine = '/sys/fs/cgroup/machine'

/** This process, and with it the lab's internet, is no part of the machine that is attacked. */
export function stepOutside(): void {
  for (const folder of [outside, inside, machine]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(outside, 'cgroup.procs'), '0')
}

/** Milliseconds; emulated, an agent takes seconds to end. */
const patience = 300_000

export interface HostJob {
  runwarden: string
  policy: string
  workspace: string
  /** Gets the records, as those of `runwarden run`. */
  out: string
  command: readonly string[]
}

/**
 * Runs a command on the runner while the whole machine is the scope of an agent.
 * @returns the command's status, or the agent's when only that is bad
 */
export async function runInHostScope(
  { runner }: Lab,
  { runwarden, policy, workspace, out, command }: HostJob,
): Promise<{ status: number | null; stderr: string }> {
  mkdirSync(out)
  await ownSys(runner)
  const config = join(out, '../agent.yml')
  const scope = `  - cgroup: host\n    name: attacked\n    policy: ${policy}\n    workspace: ${workspace}\n    exempt:\n      - cgroup: /outside\n`
  writeFileSync(config, `scopes:\n${scope}out: ${out}\non-stop: end\n`)
  const agent = runner.spawn(runwarden, ['agent', '--config', config])
  agent.stdout?.resume()
  let said = ''
  agent.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  await hasSaid(agent, 'armed: block')
  const [file = '', ...args] = command
  const ended = await runner.exec(file, args, {
    cwd: workspace,
    cgroup: inside,
    env: { RUNWARDEN_AGENT: String(agent.pid) },
    timeout: 7_200_000,
  })
  await endAll(inside)
  if (agent.exitCode === null && agent.signalCode === null) {
    const exit = once(agent, 'exit', { signal: AbortSignal.timeout(patience) })
    agent.kill('SIGTERM')
    await exit.catch((cause: unknown) => {
      throw new Error(`the agent does not end: ${said}`, { cause })
    })
  } else {
    // Its policy outlives it.
    await runner.exec(runwarden, ['agent', '--release', 'host'])
  }
  const records = join(out, 'attacked')
  for (const time of existsSync(records) ? readdirSync(records) : [])
    cpSync(join(records, time), out, { recursive: true })
  return ended.status === 0 ? { ...ended, status: agent.exitCode } : ended
}

/** Whatever goes on when the policy has ended is no longer under it: accomplices, and what the job has left. */
async function endAll(cgroup: string): Promise<void> {
  writeFileSync(join(cgroup, 'cgroup.kill'), '1')
  while (readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('populated 1'))
    await setTimeout(50)
}

/**
 * The runner's /sys shows the machine's interfaces, since it was mounted there: the agent would find no uplink. One
 * that is mounted on the runner shows the runner's.
 */
async function ownSys(runner: RunnerSide): Promise<void> {
  const script = `[ -e /sys/class/net/${link.runner} ] || {
    mount -t sysfs sysfs /mnt && mount --rbind /sys/fs /mnt/fs && mount --rbind /sys/kernel /mnt/kernel &&
    mount --rbind /mnt /sys && umount -l /mnt
  }`
  const { status, stderr } = await runner.exec('sh', ['-c', script])
  if (status !== 0) throw new Error(`the runner's own /sys cannot be mounted: ${stderr}`)
}
