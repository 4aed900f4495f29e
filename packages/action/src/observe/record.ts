import { closeSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import type { Event, Report } from '@runwarden/events'
import type { CompiledPolicy } from '@runwarden/policy'
import { jsonParts, ReportBuilder, renderHtmlParts, renderSummary } from '@runwarden/report'
import { type ObservedPlatform, observedGaps, policyGaps } from './gaps.ts'
import type { ObserverSettings } from './settings.ts'

/** What stays of an observed job, in its folder: events as they come, the reports at the end. For its owner alone. */
export class ObservedRecord implements Disposable {
  readonly #settings: ObserverSettings
  readonly #compiled: CompiledPolicy
  readonly #builder = new ReportBuilder()
  readonly #startTime = Date.now()
  readonly #events: number
  readonly #gaps: string[]
  #unwritten = 0

  constructor(settings: ObserverSettings, platform: ObservedPlatform, compiled: CompiledPolicy) {
    this.#settings = settings
    this.#compiled = compiled
    this.#gaps = [
      ...observedGaps(platform, settings.job.scope === 'host'),
      ...policyGaps(platform, compiled),
      ...(settings.job.rules.length > 0 ? ['Rules of detections were not applied.'] : []),
      // On Linux a detection of the agent's: it must not be lost where there is none.
      ...settings.job.imposters.map(
        ({ uses, repository }) =>
          `The workflow pins ${uses}, a commit that no branch and no tag of ${repository} leads to (imposter-commit).`,
      ),
    ]
    this.#events = openSync(join(settings.folder, 'events.ndjson'), 'wx', 0o600)
  }

  add(event: Event): void {
    this.#builder.add(event)
    try {
      // The whole line, or an error.
      writeFileSync(this.#events, `${JSON.stringify(event)}\n`)
    } catch {
      // A full disk: the report counts what the file does not have.
      this.#unwritten += 1
    }
  }

  gap(sentence: string): void {
    this.#gaps.push(sentence)
  }

  /** `report.json` comes last, whole: that it is there says that the record is complete. */
  write(): void {
    const { version, command, job, github } = this.#settings
    const report: Report = this.#builder.build({
      version,
      scope: 'observed',
      command,
      step: 'job',
      egress: this.#compiled.egress,
      protection: 'unprotected',
      policyFile: job.policy.name,
      startTime: this.#startTime,
      endTime: Date.now(),
      kernel: `${process.platform} ${release()}`,
      exitStatus: null,
      runner: job.runner ?? null,
      leftOver: [],
      workspace: job.workspace,
      github,
      health: {
        tier: 'none',
        armedMs: null,
        hooks: [],
        eventsLost: this.#unwritten > 0 ? { written: this.#unwritten } : {},
        gaps: this.#gaps,
      },
    })
    this.#file('summary.md', [renderSummary(report)])
    this.#file('report.html', renderHtmlParts(report))
    this.#file('report.json', jsonParts(report))
  }

  #file(name: string, parts: Iterable<string>): void {
    const path = join(this.#settings.folder, name)
    const file = openSync(`${path}.part`, 'wx', 0o600)
    try {
      for (const part of parts) writeFileSync(file, part)
    } finally {
      closeSync(file)
    }
    renameSync(`${path}.part`, path)
  }

  [Symbol.dispose](): void {
    closeSync(this.#events)
  }
}
