/**
 * A reporter of vitest: keeps how long a worker was busy with each test file, its hooks and imports included, in
 * build/test-results/PROJECT.times.json; scripts/slowest-tests.ts reads it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Seconds, by the file's path in the checkout. */
export type Times = Record<string, number>

const folder = 'build/test-results'
const fileOf = (project: string): string => `${folder}/${project}.times.json`

export default class implements Reporter {
  readonly #times = new Map<string, Times>()

  onTestModuleEnd(module: TestModule): void {
    const { prepareDuration, environmentSetupDuration, setupDuration, collectDuration, duration } =
      module.diagnostic()
    const ms =
      prepareDuration + environmentSetupDuration + setupDuration + collectDuration + duration
    const times = this.#times.get(module.project.name) ?? {}
    times[module.relativeModuleId] = Math.round(ms / 100) / 10
    this.#times.set(module.project.name, times)
  }

  onTestRunEnd(): void {
    mkdirSync(folder, { recursive: true })
    for (const [project, times] of this.#times)
      writeFileSync(fileOf(project), JSON.stringify(times))
  }
}
