import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasSaid } from '../has-said.ts'
import type { Lab } from '../lab.ts'

/** In a virtual machine alone: everything that is not the job's is in here, and exempt. */
const outside = '/sys/fs/cgroup/outside'
export const inside = '/sys/fs/cgroup/job'

/** This process, and with it the lab's internet, is no part of the machine that is attacked. */
export function stepOutside(): void {
  mkdirSync(outside, { recursive: true })
  mkdirSync(inside, { recursive: true })
  writeFileSync(join(outside, 'cgroup.procs'), '0')
}

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
  const config = join(out, '../agent.yml')
  const scope = `  - cgroup: host\n    name: attacked\n    policy: ${policy}\n    workspace: ${workspace}\n    exempt:\n      - cgroup: /outside\n`
  writeFileSync(config, `scopes:\n${scope}out: ${out}\non-stop: end\n`)
  const agent = runner.spawn(runwarden, ['agent', '--config', config])
  agent.stdout?.resume()
  await hasSaid(agent, 'armed: block')
  const [file = '', ...args] = command
  const ended = await runner.exec(file, args, {
    cwd: workspace,
    cgroup: inside,
    env: { RUNWARDEN_AGENT: String(agent.pid) },
    timeout: 7_200_000,
  })
  if (agent.exitCode === null && agent.signalCode === null) {
    const exit = once(agent, 'exit')
    agent.kill('SIGTERM')
    await exit
  } else {
    // Its policy outlives it.
    await runner.exec(runwarden, ['agent', '--release', 'host'])
  }
  const records = join(out, 'attacked')
  for (const time of existsSync(records) ? readdirSync(records) : [])
    cpSync(join(records, time), out, { recursive: true })
  return ended.status === 0 ? { ...ended, status: agent.exitCode } : ended
}
