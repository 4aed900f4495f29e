import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type CompiledPolicy, compile, parseBlockList } from '@runwarden/policy'
import { parsePolicy } from '@runwarden/policy/document'
import { isObserved } from './gaps.ts'
import { ObserverError, type Source } from './look.ts'
import { MacSource } from './macos.ts'
import { ObservedRecord } from './record.ts'
import type { ObserverAnswer, ObserverSettings } from './settings.ts'
import { Teller } from './tell.ts'
import { WindowsSource } from './windows.ts'

/** How soon it notices that it shall end. */
const stepMs = 100
/** Looks in a row that fail before it gives up. */
const patience = 30

/** The observer, a process of its own: `startObserver` starts it, `endObserver` ends it. */
async function observe(
  settings: ObserverSettings,
  answer: (answer: ObserverAnswer) => void,
): Promise<void> {
  const { folder, job, platform } = settings
  if (!isObserved(platform))
    throw new ObserverError('UNSUPPORTED', `${platform} is not observed`, '')
  const blockList =
    job.blockList === null ? undefined : parseBlockList(job.blockList.text, job.blockList.name)
  const compiled = compile(parsePolicy(job.policy.text, job.policy.name), blockList)
  using source = sourceOf(settings, compiled)
  mkdirSync(folder, { mode: 0o700 })
  using record = new ObservedRecord(settings, platform, compiled)
  const teller = new Teller({
    compiled,
    root: settings.worker,
    self: process.pid,
    alone: job.scope === 'host',
    onEvent: (event) => record.add(event),
  })
  teller.take(await source.look())
  answer({ ok: true })
  const intervals = new Intervals()
  let failed = 0
  let failures = 0
  while (failed < patience && teller.jobGoesOn) {
    const last = await asked(folder, settings.everyMs)
    try {
      teller.take(await source.look())
      intervals.looked()
      failed = 0
    } catch (error) {
      if (!(error instanceof ObserverError)) throw error
      if (failures === 0) teller.gap(error.message)
      failed += 1
      failures += 1
    }
    if (last) break
  }
  if (failures > 0)
    record.gap(`${failures} looks at the machine failed: what was then is not here.`)
  if (failed >= patience) record.gap('The observer gave up before the end of the job.')
  const longest = intervals.longest
  if (longest > 5 * settings.everyMs)
    record.gap(`Between two looks at the machine were up to ${Math.round(longest / 1_000)} s.`)
  teller.ended()
  record.write()
}

function sourceOf({ platform, programs }: ObserverSettings, compiled: CompiledPolicy): Source {
  if (platform === 'win32') return new WindowsSource(process.env['SystemRoot'] ?? 'C:\\Windows')
  const hosts = compiled.names
    .map((grant) => grant.patternText)
    .filter((host) => !host.includes('*'))
  return new MacSource([...new Set(hosts)], programs)
}

/** Waits for the next look. True: it is the last one. */
async function asked(folder: string, everyMs: number): Promise<boolean> {
  const until = performance.now() + everyMs
  for (;;) {
    if (existsSync(join(folder, 'stop'))) return true
    const left = until - performance.now()
    if (left <= 0) return false
    await delay(Math.min(stepMs, left))
  }
}

/** The longest time between two looks that told something, ms. */
class Intervals {
  longest = 0
  #last = performance.now()

  looked(): void {
    const now = performance.now()
    this.longest = Math.max(this.longest, now - this.#last)
    this.#last = now
  }
}

process.once('message', (settings: ObserverSettings) => {
  let answered = false
  const answer = (what: ObserverAnswer): void => {
    if (answered || process.send === undefined) return
    answered = true
    process.send(what, () => process.disconnect())
  }
  observe(settings, answer).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    answer({ ok: false, message, advice: error instanceof ObserverError ? error.advice : '' })
    process.exitCode = 1
  })
})
