import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { plain } from '@runwarden/events/plain'
import { Scope } from '../scope.ts'
import type { GovernedScope } from '../service/governed.ts'
import { graceMs } from './job-cgroup.ts'
import type { KnownJob } from './job-file.ts'

/** Of names in a sentence. */
const mostNamed = 10

/**
 * Ends what the steps of a job have left, once its worker is gone: it would go on without the policy. In a scope of the
 * configuration the machine's own policy holds for it afterwards, and it stays.
 * @returns their names, each once
 */
export async function endLeftovers(known: KnownJob, scope: GovernedScope): Promise<string[]> {
  if (known.overrules !== null) return []
  const left = known.ownCgroup ? Scope.at(known.cgroup).processes() : ofSteps(scope)
  const names = [...new Set(left.map(nameOf))].slice(0, mostNamed)
  if (known.ownCgroup) await Scope.at(known.cgroup).end(graceMs)
  else await endSteps(scope)
  return names
}

/** On a machine that is the job's alone, services are in no step. */
function ofSteps({ watch, name }: GovernedScope): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && pid !== process.ppid)
    .filter((pid) => (watch.processAt(pid)?.step ?? name) !== name)
}

async function endSteps(scope: GovernedScope): Promise<void> {
  const since = performance.now()
  for (let left = ofSteps(scope); left.length > 0; left = ofSteps(scope)) {
    const waited = performance.now() - since
    if (waited > 2 * graceMs) return
    for (const pid of left) kill(pid, waited > graceMs ? 'SIGKILL' : 'SIGTERM')
    await delay(50)
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

function nameOf(pid: number): string {
  try {
    return plain(readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), 32)
  } catch {
    return 'one that has ended'
  }
}
