/**
 * How often what wakes nobody is looked at, ms. A look beside a busy job costs more than a millisecond of a processor, however little
 * there is: the job has had its caches meanwhile. So records that nobody must act upon at once wait for company, and all who look do
 * so in one turn, with all that is due by then. What an act leads to is to be told within 100 ms.
 */
export const LOOK_MS = 80
/** Looks that find nothing before the next one waits to be woken: 240 ms, longer than the kernel's own while (bpf/include/quiet.h). */
const MOST_IDLE = 3
/** How often it is looked then: for what was begun before and told late. */
const IDLE_MS = 1000

const looks = new Set<() => void>()
/** What is to be done in a turn, by how long it waits at least, ms: what came first is due first. */
const due = new Map<number, { at: number; work: () => void }[]>()
let timer: NodeJS.Timeout | null = null
let idle = 0
let resting = false

/**
 * Calls `look` every LOOK_MS, in one turn with all others, as long as something comes: who finds or is brought something
 * says so by keepLooking(). Keeps no process alive.
 * @returns ends that
 */
export function everyLook(look: () => void): () => void {
  looks.add(look)
  keepLooking()
  return () => {
    looks.delete(look)
    stopUnneeded()
  }
}

/** Something has come: what is with it, or comes behind it, wakes nobody. */
export function keepLooking(): void {
  idle = 0
  if (timer !== null && !resting) return
  stop()
  if (looks.size > 0 || due.size > 0) start(LOOK_MS)
}

/**
 * Does something in the first turn that comes after `ms`, LOOK_MS later at most: for what is not to wake the process by itself. Keeps no
 * process alive.
 */
export function inTurn(ms: number, work: () => void): void {
  const waiting = due.get(ms) ?? []
  due.set(ms, waiting)
  waiting.push({ at: performance.now() + ms, work })
  if (timer === null || resting) keepLooking()
}

function start(everyMs: number): void {
  resting = everyMs !== LOOK_MS
  timer = setInterval(() => {
    idle++
    for (const look of looks) look()
    workDue()
    if (stopUnneeded() || resting || idle <= MOST_IDLE || due.size > 0) return
    stop()
    start(IDLE_MS)
  }, everyMs).unref()
}

function workDue(): void {
  const now = performance.now()
  for (const [ms, waiting] of due) {
    const first = waiting.findIndex(({ at }) => at > now)
    const ready = waiting.splice(0, first < 0 ? waiting.length : first)
    if (waiting.length === 0) due.delete(ms)
    for (const { work } of ready) work()
  }
}

function stopUnneeded(): boolean {
  if (looks.size > 0 || due.size > 0) return false
  stop()
  return true
}

function stop(): void {
  if (timer !== null) clearInterval(timer)
  timer = null
}
