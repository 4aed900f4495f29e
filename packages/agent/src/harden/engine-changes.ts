import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { accessChange, type Access, type Change } from './changes.ts'
import { findEngines, findEngineSockets, isRunning } from './engines.ts'
import { engineUnits } from './roads.ts'

const rootOnly: Access = { uid: 0, gid: 0, mode: 0o600 }
const isShut = ({ mode }: Access): boolean => (mode & 0o066) === 0

/**
 * What shuts engines' sockets to everybody but root. The engines go on, and so do containers; those of
 * engines that run as the user itself are no road to root, and stay.
 */
export function socketChanges(): Change[] {
  return findEngineSockets().flatMap((path) => {
    const change = accessChange(path, (before) =>
      before.uid !== 0 || (before.gid === 0 && isShut(before)) ? before : rootOnly,
    )
    return change ?? []
  })
}

/** What stops the engines that systemd runs, or would start. */
export function unitChanges(): Change[] {
  if (!existsSync('/run/systemd/system')) return []
  return engineUnits.flatMap((name) => {
    const shown = execFileSync('systemctl', ['show', '-p', 'LoadState,ActiveState', name], {
      encoding: 'utf8',
    })
    if (!shown.includes('LoadState=loaded')) return []
    const active = /^ActiveState=(?:active|activating|reloading)$/m.test(shown)
    return [{ kind: 'unit' as const, name, active }]
  })
}

/** What ends engines that still run: they are of no unit, or the user's own. */
export function endChanges(): Change[] {
  return findEngines().map(({ pid, name }) => ({ kind: 'ended', pid, name }))
}

/** The device by which users run machines. */
export function machineChanges(): Change[] {
  const path = '/dev/kvm'
  if (!existsSync(path)) return []
  const change = accessChange(path, (before) => (isShut(before) ? before : rootOnly))
  return change === undefined ? [] : [change]
}

/** Waits until none of these processes runs any more; kills what does after `graceMs`. */
export async function waitForEnd(pids: readonly number[], graceMs: number): Promise<void> {
  const until = performance.now() + graceMs
  let killed = false
  while (pids.some(isRunning)) {
    if (!killed && performance.now() > until) {
      for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL')
      killed = true
    }
    await delay(10)
  }
}
