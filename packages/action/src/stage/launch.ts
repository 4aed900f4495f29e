import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from './environment.ts'
import { StartError, textOf } from './error.ts'
import { type JobFolder, processesOf } from './folder.ts'

/** As packages/cli/bin/start.bash, which says why. */
const nodeFlags = [
  '--disable-sigusr1',
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=2',
  '--v8-pool-size=1',
]

export interface Launched {
  /** Of systemd; null: a supervisor of ours keeps the agent running. */
  unit: string | null
  /** Gone when the agent has ended for good. */
  pid: number
}

export const unitOf = ({ id }: JobFolder): string => `runwarden-job-${id}.service`

/** Whether systemd is what runs this machine: sd_booted(3). */
export const hasSystemd = (): boolean =>
  statSync('/run/systemd/system', { throwIfNoEntry: false })?.isDirectory() === true

/** @throws StartError when it can't be executed */
export async function launch(folder: JobFolder): Promise<Launched> {
  const command = [
    folder.node,
    ...nodeFlags,
    join(folder.bundle, 'packages/cli/src/main.js'),
    'agent',
    '--socket',
    folder.socket,
    '--out',
    folder.out,
    '--state',
    folder.state,
  ]
  if (!hasSystemd()) return { unit: null, pid: await launchSupervised(folder, command) }
  const unit = unitOf(folder)
  runAsUnit(folder, unit, command)
  return { unit, pid: processesOf(folder)[0] ?? ended(folder) }
}

function ended({ node }: JobFolder): never {
  throw new StartError('AGENT_ENDED', `the agent, run by ${node}, has ended at once`, '')
}

/** Nothing of what systemd-run is told comes from outside: systemd reads `$` and `%` in it. */
function runAsUnit({ log }: JobFolder, unit: string, command: string[]): void {
  const properties = [
    'Restart=on-failure',
    'RestartSec=100ms',
    // What the agent itself says when it cannot run: another start changes nothing.
    'RestartPreventExitStatus=2 125',
    'StartLimitIntervalSec=60',
    'StartLimitBurst=6',
    `StandardOutput=append:${log}`,
    `StandardError=append:${log}`,
    ...Object.entries(environment).map(([name, value]) => `Environment=${name}=${value}`),
    // As deploy/systemd/runwarden.service, which says why it has no mount namespace.
    'KillMode=mixed',
    'TimeoutStopSec=60',
    'OOMScoreAdjust=-900',
    'LimitCORE=0',
    'LimitMEMLOCK=infinity',
    'LimitNOFILE=65536',
    'NoNewPrivileges=yes',
    'LockPersonality=yes',
  ]
  const words = [
    '--quiet',
    '--no-ask-password',
    '--collect',
    '--service-type=exec',
    `--unit=${unit}`,
    '--description=Runwarden, for a job',
    ...properties.map((property) => `--property=${property}`),
    '--',
    ...command,
  ]
  try {
    execFileSync('systemd-run', words, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new StartError(
      'SYSTEMD',
      `systemd did not start the agent: ${textOf(error)}`,
      `\`journalctl -u ${unit}\` on the machine may say more`,
      { cause: error },
    )
  }
}

async function launchSupervised(folder: JobFolder, command: string[]): Promise<number> {
  const log = openSync(folder.log, 'a', 0o600)
  const supervise = join(folder.bundle, 'packages/action/src/supervise.js')
  const supervisor = spawn(folder.node, [...nodeFlags, supervise, ...command], {
    cwd: '/',
    env: environment,
    // A session of its own: no terminal and no group of processes that would end it.
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  await new Promise((done, failed) => {
    supervisor.on('spawn', done)
    supervisor.on('error', (error) => {
      const advice = 'a security module may forbid root to run programs from there'
      failed(
        new StartError('NOT_RUN', `${folder.node} does not run: ${error.message}`, advice, {
          cause: error,
        }),
      )
    })
  })
  supervisor.unref()
  return supervisor.pid ?? ended(folder)
}
