import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/** A job can make any number of such files: no process is looked through more often, and .NET makes its one file at its start. */
const LOOK_AGAIN_MS = 100

let looked = -Infinity
let files = new Map<number, { pid: number; path: string }>()

/**
 * The runner's worker that keeps a memory file with code of .NET's, and its path below /proc. Whoever opens that for writing can write
 * code into the worker.
 * @param opener a process's own file is nobody's secret to it
 */
export function workerOfCode(
  inode: number,
  opener: number,
): { pid: number; path: string } | undefined {
  if (performance.now() - looked > LOOK_AGAIN_MS) {
    files = new Map(processes().filter(isWorker).flatMap(codeOf))
    looked = performance.now()
  }
  const file = files.get(inode)
  return file?.pid === opener ? undefined : file
}

function processes(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
}

function isWorker(pid: number): boolean {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8') === 'Runner.Worker\n') return true
    return readlinkSync(`/proc/${pid}/exe`).endsWith('/Runner.Worker')
  } catch {
    // It has ended, or is a thread of the kernel.
    return false
  }
}

function codeOf(pid: number): [inode: number, file: { pid: number; path: string }][] {
  const folder = `/proc/${pid}/fd`
  const found: ReturnType<typeof codeOf> = []
  for (const fd of namesIn(folder)) {
    const path = `${folder}/${fd}`
    try {
      if (readlinkSync(path).startsWith('/memfd:doublemapper'))
        found.push([statSync(path).ino, { pid, path }])
    } catch {
      // It has been closed meanwhile, as a worker does with others all the time.
    }
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
