import { openSync, readSync } from 'node:fs'

/** What this process has spent of its time, ns: on a processor, and waiting for one. */
interface Spent {
  at: bigint
  busy: bigint
}

/** Beyond what a disk or a page that comes late explains. */
const noticedNs = 5_000_000_000n

/**
 * Notices that this process was stopped (SIGSTOP, a frozen cgroup, a halted machine): time went by
 * in which it neither ran nor waited for a processor. A busy machine makes it wait, and is no stop.
 */
export class Pulse {
  readonly #intervalNs: bigint
  readonly #look: () => Spent
  #last: Spent

  /** @param intervalMs how often beat() is called */
  constructor(intervalMs: number, look: () => Spent = spent) {
    this.#intervalNs = BigInt(intervalMs) * 1_000_000n
    this.#look = look
    this.#last = look()
  }

  /** @returns milliseconds for which this process was stopped since the last call; 0: it was not. */
  beat(): number {
    const now = this.#look()
    const away = now.at - this.#last.at - this.#intervalNs - (now.busy - this.#last.busy)
    this.#last = now
    return away < noticedNs ? 0 : Number(away / 1_000_000n)
  }
}

const text = Buffer.alloc(64)
/** Kept open: each second its name would be looked up anew. null: this kernel has none. */
let schedstat: number | null | undefined

/** Of the main thread: what its schedstat says, where the kernel keeps it; else the processor's time alone. */
function spent(): Spent {
  const at = process.hrtime.bigint()
  schedstat = schedstat === undefined ? openSchedstat() : schedstat
  if (schedstat === null) {
    const { user, system } = process.cpuUsage()
    return { at, busy: BigInt(user + system) * 1000n }
  }
  const bytes = readSync(schedstat, text, 0, text.length, 0)
  const [ran = '0', waited = '0'] = text.toString('latin1', 0, bytes).split(' ')
  return { at, busy: BigInt(ran) + BigInt(waited) }
}

function openSchedstat(): number | null {
  try {
    return openSync('/proc/self/schedstat', 'r')
  } catch {
    return null
  }
}
