import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSensor } from '@runwarden/sensor'
import { median } from './contest.ts'

/** Acts that fit into the bulk ring while nobody reads it. */
const acts = 60_000

/**
 * Typed records per second of one core: a storm fills the ring while this thread waits for its end,
 * then the ring is emptied in one go.
 */
export function decodeRate(storm: string, hierarchy: string, rounds: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'runwarden-decode-'))
  const cgroup = mkdtempSync(join(hierarchy, 'runwarden-bench-'))
  let count = 0
  const sensor = startSensor({
    scopeCgroup: cgroup,
    workspace: folder,
    onRecords: (records) => {
      count += records.length
    },
  })
  try {
    const rates: number[] = []
    for (let round = 0; round <= rounds; round++) {
      count = 0
      const enter = 'echo 0 > "$0/cgroup.procs" && cd "$1" && exec "$2" "$3" w'
      const { status } = spawnSync('sh', ['-c', enter, cgroup, folder, storm, String(acts)])
      if (status !== 0) throw new Error(`the storm ended with ${status}`)
      const since = process.cpuUsage()
      sensor.drain()
      const { user, system } = process.cpuUsage(since)
      if (round > 0) rates.push((count * 1e6) / (user + system))
    }
    const lost = Object.values(sensor.lost()).reduce((sum, one) => sum + one, 0)
    if (lost > 0) throw new Error(`the ring lost ${lost} records: fewer acts fit`)
    return median(rates)
  } finally {
    sensor.close()
    rmdirSync(cgroup)
    rmSync(folder, { recursive: true })
  }
}
