import { readdirSync, readFileSync } from 'node:fs'
import type { ProcessName } from '../enforce/named-processes.ts'
import { engineNames, engineUnits } from '../harden/roads.ts'
import { processStart } from '../run-state.ts'
import { LISTENER, parentOf, programOf } from './runner.ts'

/** Units that fetch from elsewhere what anybody on the machine asks them for: a job would leave by them. */
const servants: ReadonlySet<string> = new Set([
  ...engineUnits,
  'snapd.service',
  'packagekit.service',
  'squid.service',
  'tinyproxy.service',
  'privoxy.service',
])

/** A process that is a unit's. */
interface UnitProcess {
  pid: number
  /** As /proc/PID/comm has it. */
  name: string
  unit: string
}

/** The unit of systemd that a cgroup of /system.slice is of; undefined: it is of none, or a container's. */
export function systemUnit(cgroup: string): string | undefined {
  if (!cgroup.startsWith('/system.slice/')) return undefined
  return cgroup.split('/').find((part) => part.endsWith('.service'))
}

/**
 * Who of the machine's services goes on as before while a job has the machine: no container engine, none that acts for
 * others, and nothing of the unit that the runner is in, where the job's steps are, too.
 */
export function ownServices(all: readonly UnitProcess[], runnerUnit: string | undefined): number[] {
  return all
    .filter(
      ({ name, unit }) => !servants.has(unit) && !engineNames.has(name) && unit !== runnerUnit,
    )
    .map(({ pid }) => pid)
}

/**
 * Processes that a job's policy does not hold for, by process: not what they start. The runner's worker and listener;
 * where the machine is this job's alone, also who has started these, and the services that the machine runs by itself.
 * @param worker process id of Runner.Worker
 */
export function jobProcesses(worker: number, scope: 'host' | 'job'): ProcessName[] {
  const above = ancestors(worker)
  const runner = [worker, ...above.filter((pid) => scope === 'host' || programOf(pid) === LISTENER)]
  const services =
    scope === 'host' ? ownServices(unitProcesses(), systemUnit(cgroupOf(worker))) : []
  return [...new Set([...runner, ...services])].flatMap((pid) => {
    const start = processStart(pid)
    return start === undefined || pid === process.pid ? [] : [{ pid, start, name: commOf(pid) }]
  })
}

/** Those that started a process, but for the machine's first one. */
function ancestors(pid: number): number[] {
  const found: number[] = []
  for (let one = parentOf(pid) ?? 0; one > 1 && !found.includes(one); one = parentOf(one) ?? 0)
    found.push(one)
  return found
}

function unitProcesses(): UnitProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    const unit = Number.isInteger(pid) ? systemUnit(cgroupOf(pid)) : undefined
    return unit === undefined ? [] : [{ pid, name: commOf(pid), unit }]
  })
}

/** Empty: it has ended. */
function textOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

const commOf = (pid: number): string => textOf(pid, 'comm').trim()
const cgroupOf = (pid: number): string => /^0::(.*)$/m.exec(textOf(pid, 'cgroup'))?.[1] ?? ''
