import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { healthIn, lostOf } from './contenders.ts'

export interface Memory {
  /** Resident, MiB: every page that is mapped, shared ones and the rings' second mapping included. */
  resident: number
  /** Proportional, MiB: pages shared with other processes by their share (Pss). */
  proportional: number
}

function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN) / 1024
  return { resident: field('Rss'), proportional: field('Pss') }
}

/**
 * The agent's memory after each of a number of rounds of storms in one run.
 * @param place a folder with the storms' programs
 * @returns with the events that the run lost
 */
export async function agentMemory(
  runwarden: string,
  place: string,
  workspace: string,
  rounds: number,
): Promise<{ memory: Memory[]; lost: number }> {
  const script = `for round in ${Array.from({ length: rounds }, (_, i) => i).join(' ')}; do
    "$0/exec" 3000 && "$0/open" 100000 w && "$0/connect" 20000 192.0.2.1
    : > "$0/done.$round"
    while [ ! -e "$0/go.$round" ]; do sleep 0.1; done
  done`
  const out = join(place, 'memory')
  const words = ['run', '--quiet', '--out', out, '--', 'sh', '-c', script, place]
  const child = spawn(runwarden, words, { cwd: workspace, stdio: 'ignore' })
  const ended = once(child, 'exit')
  const found: Memory[] = []
  for (let round = 0; round < rounds; round++) {
    while (!existsSync(join(place, `done.${round}`))) {
      if (child.exitCode !== null) throw new Error(`the run ended with ${child.exitCode}`)
      await delay(50)
    }
    // The agent is done with what the storm left in its rings, and has had a quiet second; V8 gives back pages 8 s after it has freed them.
    await delay(12_000)
    found.push(memoryOf(child.pid ?? 0))
    writeFileSync(join(place, `go.${round}`), '')
  }
  await ended
  return { memory: found, lost: lostOf(healthIn(out)) }
}
