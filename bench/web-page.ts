import type { Browser } from '../packages/web/test/browser.ts'
import type { Page } from '../packages/web/test/page.ts'

/** What the page keeps for us; times are milliseconds since its navigation began. */
interface Watched {
  /** Its heading and its rows were there, nothing was on the way any more, and it had time for a person. */
  ready: number | null
  /** When each task of more than 50 ms began, and how long it took. */
  long: { start: number; took: number }[]
}
declare global {
  var watched: Watched
}

/** Runs in the page ahead of its own scripts. */
function watch(): void {
  globalThis.watched = { ready: null, long: [] }
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      watched.long.push({ start: startTime, took: duration })
  }).observe({ type: 'longtask' })
  const look = (): void => {
    const isThere =
      document.querySelector('main h1') !== null &&
      document.querySelector('.skeleton, [aria-busy=true]') === null &&
      document.querySelector('main :is(td, [aria-level="2"], .part)') !== null
    if (isThere) requestIdleCallback(() => (watched.ready = performance.now()))
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** Opens a page as somebody who has never been there: nothing of it is in a cache. */
export async function open(browser: Browser, url: string, session: string): Promise<Page> {
  const page = await browser.openAs(
    url,
    { 'runwarden-session': session },
    { before: `(${watch.toString()})()`, untold: true },
  )
  await page.until(() => watched.ready !== null)
  return page
}

export const ready = (page: Page): Promise<number> => page.run(() => watched.ready ?? 0)

/** Tasks of more than 50 ms since then, milliseconds. */
export const longTasks = (page: Page, since = 0): Promise<number[]> =>
  page.run(
    (from) => watched.long.filter(({ start }) => start >= from).map(({ took }) => Math.round(took)),
    since,
  )

/** Bytes of the page's own files, as they came over the wire. */
export const loaded = (page: Page): Promise<number> =>
  page.run(() =>
    performance
      .getEntries()
      .filter((entry) => entry instanceof PerformanceResourceTiming)
      .filter(({ name, entryType }) => entryType === 'navigation' || name.includes('/assets/'))
      .reduce((sum, { transferSize }) => sum + transferSize, 0),
  )

/** Processor time of the page's main thread since this was asked first, milliseconds: unlike the time on the clock it tells little of what else runs. */
const busy = async (page: Page): Promise<number> =>
  ((await page.spent()).get('TaskDuration') ?? 0) * 1000

export interface Scrolled {
  /** Milliseconds from each frame to the next. */
  frames: number[]
  /** Of the main thread's processor time, for each frame. */
  busy: number
  long: number[]
  /** Rows of the list's that were passed. */
  rows: number
}

/**
 * Scrolls a list from its top on, so many pixels each frame, until its end or so long.
 * @param selector of what scrolls; null: the page
 * @param pixels of a frame; null: in 60 frames over all that is loaded
 */
export async function scroll(
  page: Page,
  selector: string | null,
  { pixels, seconds }: { pixels: number | null; seconds: number },
): Promise<Scrolled> {
  const before = await busy(page)
  const { frames, from, rows } = await page.run(
    async (of, each, most) => {
      const box =
        (of === null ? document.scrollingElement : document.querySelector(of)) ?? document.body
      // What runs in the page has nothing from outside of it.
      // oxlint-disable-next-line unicorn/consistent-function-scoping
      const frame = (): Promise<number> => new Promise((next) => requestAnimationFrame(next))
      const to = (top: number): void => box.scrollTo({ top, behavior: 'instant' })
      to(0)
      await frame()
      await frame()
      const from = performance.now()
      const by = each ?? Math.ceil(box.scrollHeight / 60)
      const frames: number[] = []
      for (let before = await frame(); before - from < most * 1000;) {
        to(box.scrollTop + by)
        const now = await frame()
        frames.push(now - before)
        before = now
        const isEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 1
        const comes = each !== null && document.querySelector('main :is(.end, .line .unknown)')
        if (isEnd && !comes) break
      }
      const last = [...document.querySelectorAll('main [aria-rowindex]')].at(-1)
      return { frames, from, rows: Number(last?.getAttribute('aria-rowindex')) - 1 }
    },
    selector,
    pixels,
    seconds,
  )
  const used = (await busy(page)) - before
  return { frames, busy: used / frames.length, long: await longTasks(page, from), rows }
}

/**
 * Presses a key that writes one more letter into the tab's search.
 * @returns milliseconds from the key to the frame in which only rows with all that is written are there, and how many of them
 *   the main thread was busy
 */
export async function typeInto(
  page: Page,
  letter: string,
): Promise<{ took: number; busy: number }> {
  const before = await busy(page)
  await page.run(() => {
    const input = document.querySelector<HTMLInputElement>('main input[type=search]')
    if (input === null) throw new Error('the tab has no search')
    input.focus()
    const measured = new Promise<number>((done, failed) => {
      setTimeout(() => failed(new Error(`no rows came for ${input.value}`)), 10_000)
      input.addEventListener(
        'input',
        ({ timeStamp }) => {
          const word = input.value.toLowerCase()
          const look = (): void => {
            const rows = [
              ...document.querySelectorAll(
                'main tbody:not([aria-hidden]), main [role=rowgroup] [role=row]',
              ),
            ]
            const isThere =
              document.querySelector('main :is(.skeleton, [aria-busy=true])') === null &&
              rows.length > 0 &&
              rows.every(({ textContent }) => textContent.toLowerCase().includes(word))
            // What is drawn in a frame is on the screen when the task behind it runs.
            if (isThere)
              requestAnimationFrame(() => setTimeout(() => done(performance.now() - timeStamp)))
            else requestAnimationFrame(look)
          }
          requestAnimationFrame(look)
        },
        { once: true },
      )
    })
    Object.assign(globalThis, { measured })
    return null
  })
  await page.type(letter)
  const took = await page.run(
    () => (globalThis as unknown as { measured: Promise<number> }).measured,
  )
  return { took, busy: (await busy(page)) - before }
}
