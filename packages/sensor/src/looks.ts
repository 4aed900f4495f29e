/**
 * How often what wakes nobody is looked at, ms. Each wake-up costs the job some 100 µs of a processor, and its caches more:
 * records that nobody must act upon at once wait for company, and all who look do so in one turn.
 */
export const LOOK_MS = 40
/** Looks that find nothing before the next one waits to be woken: 200 ms, longer than the kernel's own while (bpf/include/quiet.h). */
const MOST_IDLE = 5
/** How often it is looked then: for what was begun before and told late. */
const IDLE_MS = 1000

const looks = new Set<() => void>()
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
    if (looks.size === 0) stop()
  }
}

/** Something has come: what is with it, or comes behind it, wakes nobody. */
export function keepLooking(): void {
  idle = 0
  if (timer !== null && !resting) return
  stop()
  if (looks.size > 0) start(LOOK_MS)
}

function start(everyMs: number): void {
  resting = everyMs !== LOOK_MS
  timer = setInterval(() => {
    idle++
    for (const look of looks) look()
    if (resting || idle <= MOST_IDLE) return
    stop()
    start(IDLE_MS)
  }, everyMs).unref()
}

function stop(): void {
  if (timer !== null) clearInterval(timer)
  timer = null
}
