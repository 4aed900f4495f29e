import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Level } from './roads.ts'

/** Rights of a process, as /proc/PID/status has them. */
export interface Credentials {
  pid: number
  parent: number
  name: string
  /** Real, effective, saved and file-system user. */
  uids: readonly number[]
  gid: number
  groups: readonly number[]
  capabilities: bigint
  userNamespace: string
  mountNamespace: string
}

/** From the text of /proc/PID/status. */
export function parseStatus(text: string): Omit<Credentials, 'userNamespace' | 'mountNamespace'> {
  const field = (name: string): string =>
    // Blanks only: of a process without groups the line is empty.
    new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(text)?.[1] ?? ''
  const numbers = (name: string): number[] => field(name).split(/\s+/).filter(Boolean).map(Number)
  return {
    pid: Number(field('Pid')),
    parent: Number(field('PPid')),
    name: field('Name'),
    uids: numbers('Uid'),
    gid: numbers('Gid')[1] ?? -1,
    groups: numbers('Groups'),
    capabilities: BigInt(`0x${field('CapPrm') || '0'}`),
  }
}

/** The processes of the machine that are not threads of the kernel. */
export function readProcesses(): Map<number, Credentials> {
  const found = new Map<number, Credentials>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      readlinkSync(`/proc/${pid}/exe`)
      found.set(Number(pid), {
        ...parseStatus(readFileSync(`/proc/${pid}/status`, 'utf8')),
        userNamespace: readlinkSync(`/proc/${pid}/ns/user`),
        mountNamespace: readlinkSync(`/proc/${pid}/ns/mnt`),
      })
    } catch {
      // It has ended, or is a thread of the kernel.
    }
  }
  return found
}

/**
 * Processes that hold root's rights and come from the user: what it started by sudo or a setuid program while
 * it could. This process, those that it was started by and those that it starts are ours.
 * @returns a sentence for each
 */
export function holdersOf(
  { level, uid, groups }: { level: Level; uid: number; groups: ReadonlySet<number> },
  processes: ReadonlyMap<number, Credentials>,
  own: number,
): string[] {
  const self = processes.get(own)
  const chain = (from: number): number[] => {
    const found: number[] = []
    for (let pid = from; pid !== 0 && !found.includes(pid); pid = processes.get(pid)?.parent ?? 0)
      found.push(pid)
    return found
  }
  const ours = new Set(chain(own))
  const sentences: string[] = []
  for (const one of processes.values()) {
    const parents = chain(one.pid)
    if (one.pid === own || parents.includes(own)) continue
    const { pid, name, uids, capabilities, userNamespace } = one
    const held = [one.gid, ...one.groups].find((gid) => groups.has(gid))
    const isUser = uids.includes(uid)
    const isOf = isUser || parents.some((parent) => processes.get(parent)?.uids[0] === uid)
    if (!isOf) continue
    const what = `process ${pid} (${name})`
    if (userNamespace !== self?.userNamespace) {
      if (level === 'sudo-and-containers')
        sentences.push(`${what} is in a user namespace of its own`)
    } else if (uids.includes(0)) {
      // By sudo, for example, this process was started.
      if (!ours.has(pid)) sentences.push(`${what} is root, and was started by the user`)
    } else if (capabilities !== 0n) sentences.push(`${what} holds capabilities`)
    else if (held !== undefined) sentences.push(`${what} holds group ${held}`)
  }
  return sentences
}
