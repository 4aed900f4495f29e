/**
 * How long a job waits for the action's stages: pre, from the start of its process to its end, when the job is armed;
 * main; and post, of a job with next to no events and of one with many. The real bundle in the runner simulator.
 *
 *   node bench/action.ts [ROUNDS]
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActionRig } from '../packages/action/test/action-rig.ts'
import { median } from './contest.ts'

const rounds = Number(process.argv[2] ?? 5)
/** Files that are made and written to, each a process of its own: some 100,000 events. */
const busy = `      - run: |
          for i in $(seq 25000); do /bin/true > made; done
`

await using rig = await ActionRig.start()

const rows: [name: string, times: number[], target: string][] = [
  ['pre: armed', [], '≤ 2,000 ms'],
  ['main', [], ''],
  ['post, a handful of events', [], ''],
]
for (let round = 0; round < rounds; round++) {
  const { steps, log } = await rig.run({ steps: '      - run: "true"\n' })
  for (const [i, stage] of (['pre', 'main', 'post'] as const).entries())
    rows[i]?.[1].push(msOf(steps, stage, log))
}
const job = await rig.run({ steps: busy })
const folder = rig.outputs(job)['report-path'] ?? ''
const events = readFileSync(join(rig.here(folder), 'events.ndjson'), 'utf8').split('\n').length
rows.push([
  `post, ${events.toLocaleString('en')} events`,
  [msOf(job.steps, 'post', job.log)],
  '≤ 3,000 ms for 100,000',
])

console.log('stage of the action                rounds     median      worst   target')
const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`.padStart(11)
for (const [name, times, target] of rows)
  console.log(
    `${name.padEnd(34)} ${String(times.length).padStart(6)}${ms(median(times))}${ms(Math.max(...times))}   ${target}`,
  )

function msOf(steps: (typeof job)['steps'], stage: string, log: string): number {
  const found = steps.find((step) => step.action === 'runwarden' && step.stage === stage)
  if (found?.outcome !== 'success') throw new Error(`the stage ${stage} did not succeed:\n${log}`)
  return found.ms
}
