import { readdirSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** What a run holds in the kernel while it lives. */
export interface Held {
  programs: number[]
  maps: number[]
}

/** Ids of the BPF programs and maps that a process has open, links' programs among them. */
export function heldBy(pid: number): Held {
  const held: Held = { programs: [], maps: [] }
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    let text: string
    try {
      text = readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')
    } catch {
      continue
    }
    const program = /^prog_id:\s*(\d+)/m.exec(text)?.[1]
    const map = /^map_id:\s*(\d+)/m.exec(text)?.[1]
    if (program !== undefined) held.programs.push(Number(program))
    if (map !== undefined) held.maps.push(Number(map))
  }
  return {
    programs: [...new Set(held.programs)].toSorted(),
    maps: [...new Set(held.maps)].toSorted(),
  }
}

function idsOf(kind: 'prog' | 'map'): Set<number> {
  const list = execFileSync('bpftool', ['-j', kind, 'list'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  return new Set((JSON.parse(list) as { id: number }[]).map(({ id }) => id))
}

/** Those that the kernel still has; programs and maps go a moment after their last reference (RCU). */
export function stillThere({ programs, maps }: Held): Held {
  const [livePrograms, liveMaps] = [idsOf('prog'), idsOf('map')]
  return {
    programs: programs.filter((id) => livePrograms.has(id)),
    maps: maps.filter((id) => liveMaps.has(id)),
  }
}

/** Mount point of cgroup v2. */
export function hierarchy(): string {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [, point, type] = line.split(' ')
    if (type === 'cgroup2' && point !== undefined) return point
  }
  throw new Error('no cgroup2 is mounted')
}

function cgroupsBelow(folder: string, found: string[] = []): string[] {
  let entries
  try {
    entries = readdirSync(folder, { withFileTypes: true })
  } catch {
    return found
  }
  for (const entry of entries) {
    if (!entry.isDirectory()) continue
    found.push(join(folder, entry.name))
    cgroupsBelow(join(folder, entry.name), found)
  }
  return found
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Everything outside of its folder that shows that a run of this agent was: cgroups, mounts, state, processes. */
export function tracesOf(agent: number, mark: string): string[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
      } catch {
        return false
      }
    })
  return [
    ...cgroupsBelow(hierarchy()).filter((path) => path.includes(`runwarden-${agent}-`)),
    ...readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`/run/runwarden/${agent}-`)),
    ...namesIn('/run/runwarden').filter((name) => name.startsWith(`${agent}-`)),
    ...processes.map((pid) => `process ${pid}`),
  ]
}
