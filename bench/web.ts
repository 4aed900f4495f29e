/// <reference lib="esnext.disposable" />
/**
 * The web app in Chromium, over a server with a job of a million events: how soon pages are there, how they scroll and filter.
 * Prints a table and, with --write, puts it into docs/benchmarks.md.
 *
 *   node bench/web.ts [--rounds N] [--data FOLDER] [--write]
 *
 * With a folder of its own it stays there, and what it has is not sent again.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServerProcess } from '../packages/server/test/ingest/server-process.ts'
import { Browser } from '../packages/web/test/browser.ts'
import type { Page } from '../packages/web/test/page.ts'
import { builtApp } from '../packages/web/test/rig/web-app.ts'
import { type MeasuredRow, writeRows } from './measured-rows.ts'
import { bigJob, page as runPage } from './web-job.ts'
import { loaded, longTasks, open, ready, scroll, type Scrolled, typeInto } from './web-page.ts'

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}
const rounds = Number(argument('--rounds') ?? 5)
/** Of what takes seconds. */
const fewRounds = 3

const rows: MeasuredRow[] = []
const say = (what: string, measured: string, target = ''): void => {
  rows.push({ what, measured, target })
  process.stdout.write(`${what}: ${measured}${target === '' ? '' : ` (${target})`}\n`)
}
const place = mkdtempSync(join(tmpdir(), 'runwarden-web-bench-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))
// The rate limit is for callers that mean no well.
process.env['RUNWARDEN_SERVER_RATE_LIMIT'] = '0'
process.env['RUNWARDEN_WEB_APP'] ??= await builtApp()
await using server = await ServerProcess.start(argument('--data') ?? join(place, 'data'))
const { url, agent, viewer, session } = server.said
const loadBefore = loadavg()[0] ?? 0
const job = `${runPage}/jobs/${await bigJob(url, agent, viewer)}`
await using browser = await Browser.start()

const at = (path: string): Promise<Page> => open(browser, url + path, session)
const sorted = (all: readonly number[]): number[] => all.toSorted((a, b) => a - b)
const part = (all: readonly number[], of: number): number =>
  sorted(all)[Math.min(all.length - 1, Math.floor(all.length * of))] ?? 0
const middle = (all: readonly number[]): string =>
  `median ${part(all, 0.5).toFixed(0)} ms, worst ${part(all, 1).toFixed(0)} ms`
const worst = (long: readonly number[]): string =>
  long.length === 0 ? 'no task over 50 ms' : `longest task ${Math.max(...long)} ms`

const tabs = {
  processes: { scrolls: '.tree', words: '77.c' },
  files: { scrolls: null, words: 'part-22/' },
  network: { scrolls: null, words: '1777' },
  dns: { scrolls: null, words: '1777' },
} as const

await opens('overview', '/orgs/acme', '≤ 1 s')
await opens('job of 1,000,000 events', job, '≤ 1.5 s')
for (const tab of Object.keys(tabs)) await opens(`its ${tab}`, `${job}?tab=${tab}`, '≤ 1.5 s')
for (const [tab, { scrolls, words }] of Object.entries(tabs)) {
  await scrolled(tab, scrolls)
  await filtered(tab, words)
}
if (process.argv.includes('--write'))
  writeRows('node bench/web.ts --write', 'end of the web app', rows, machine())

/** From an empty cache. */
async function opens(what: string, path: string, target: string): Promise<void> {
  const took: number[] = []
  const long: number[] = []
  let bytes = 0
  for (let round = 0; round < rounds; round++) {
    const page = await at(path)
    took.push(await ready(page))
    long.push(...(await longTasks(page)))
    bytes = await loaded(page)
    await page.leave()
  }
  say(
    `${what}: its files, packed`,
    `${(bytes / 1000).toFixed(0)} KB`,
    what === 'overview' ? '≤ 300 KB' : '',
  )
  say(`${what}: there with its first rows, and idle`, `${middle(took)}; ${worst(long)}`, target)
}

async function scrolled(tab: string, selector: string | null): Promise<void> {
  for (const [how, pixels, target] of [
    ['12,000 pixels a second', 200, '60 frames, no task over 100 ms'],
    ['over all that is loaded, in 60 frames', null, 'no task over 100 ms'],
  ] as const) {
    const all: Scrolled[] = []
    for (let round = 0; round < fewRounds; round++) {
      const page = await at(`${job}?tab=${tab}`)
      all.push(await scroll(page, selector, { pixels, seconds: 3 }))
      await page.leave()
    }
    const { frames, busy, long, rows } = all.toSorted((a, b) => rateOf(a) - rateOf(b))[
      Math.floor(fewRounds / 2)
    ] as Scrolled
    say(
      `its ${tab}: scrolled ${how}`,
      `${rateOf({ frames }).toFixed(0)} frames a second, 99 of 100 within ${part(frames, 0.99).toFixed(0)} ms, main thread ${busy.toFixed(1)} ms a frame, ${rows.toLocaleString('en')} rows; ${worst(long)}`,
      target,
    )
  }
}

/** Frames a second. */
function rateOf({ frames }: Pick<Scrolled, 'frames'>): number {
  return (frames.length * 1000) / frames.reduce((sum, one) => sum + one, 0)
}

async function filtered(tab: string, words: string): Promise<void> {
  const keys: { took: number; busy: number }[] = []
  for (let round = 0; round < fewRounds; round++) {
    const page = await at(`${job}?tab=${tab}`)
    for (const letter of words) keys.push(await typeInto(page, letter))
    await page.leave()
  }
  say(
    `its ${tab}: from a key in the search to its rows`,
    `${middle(keys.map(({ took }) => took))}; main thread ${part(
      keys.map(({ busy }) => busy),
      0.5,
    ).toFixed(0)} ms`,
    '≤ 100 ms',
  )
}

function machine(): string {
  const [first] = cpus()
  return `Linux ${release()}, ${cpus().length} × ${first?.model ?? 'unknown'}, load ${loadBefore.toFixed(1)} before and ${loadavg()[0]?.toFixed(1)} at the end`
}
