import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { endCarriers } from '../leftovers.ts'
import type { Attacker, Result } from './case.ts'
import { markOf } from './place.ts'
import { Arrivals } from './proof.ts'
import { account, type Stage } from './stage.ts'
import {
  type Ended,
  environmentOf,
  hasStep,
  type Numbered,
  readSteps,
  stepName,
  writeJob,
} from './steps.ts'
import { Told } from './told.ts'

/** What came of one case. */
export interface Outcome {
  result: Result
  attempt: Ended
  /** What arrived of it, in words. */
  arrived: string[]
  /** What the report says of it. */
  told: string[]
  /** The tier that the report tells of; null: there is none. */
  tier: string | null
  /** Null: the case has no twin. */
  twin: { ended: Ended; arrived: string[] } | null
}

/** Detections that say that protection itself was touched, or that something went out. */
const alarms = /^detection: \S+ (high|critical)$|^no report/

/** Runs cases as one job under the policy. */
export async function runBatch(
  stage: Stage,
  name: string,
  cases: readonly Numbered[],
  as: Attacker,
): Promise<Map<string, Outcome>> {
  const { folder, arrivals, status } = await play(stage, name, cases, as, false)
  const told = new Told(join(folder, 'out'))
  const steps = readSteps(folder)
  // Whoever takes protection away can't be told by its process alone: every finding counts, and so does a lost report.
  const general = isAlone(cases)
    ? [...told.detections, ...(told.complete && status === 0 ? [] : ['no report, or a failed run'])]
    : []
  return new Map(
    cases.map((numbered) => {
      const { one, number } = numbered
      const attempt = steps.get(stepName(one, 'attempt')) ?? notRun
      const succeeded = one.shows === 'status' && attempt.status === 0
      const arrived = succeeded
        ? ['what it says']
        : arrivals.of(markOf(number, 'attempt'), one.targets)
      const about = [...told.of(stepName(one, 'attempt'), markOf(number, 'attempt')), ...general]
      const twin = hasStep(one, 'twin', false)
        ? {
            ended: steps.get(stepName(one, 'twin')) ?? notRun,
            arrived: arrivals.of(markOf(number, 'twin')),
          }
        : null
      const alarmed = about.some((words) => alarms.test(words))
      const result = arrived.length === 0 ? 'held' : alarmed ? 'told' : 'not-held'
      return [one.id, { result, attempt, arrived, told: about, tier: told.tier, twin }]
    }),
  )
}

/** What arrives of each attempt without Runwarden, by the case's id: an attempt that nothing comes of proves nothing. */
export async function runControl(
  stage: Stage,
  name: string,
  cases: readonly Numbered[],
  as: Attacker,
): Promise<Map<string, { arrived: string[]; attempt: Ended }>> {
  const able = cases.filter(({ one }) => hasStep(one, 'attempt', true))
  const { folder, arrivals } = await play(stage, `${name}-control`, able, as, true)
  const steps = readSteps(folder)
  return new Map(
    able.map(({ one, number }) => [
      one.id,
      {
        arrived: arrivals.of(markOf(number, 'attempt'), one.targets),
        attempt: steps.get(stepName(one, 'attempt')) ?? notRun,
      },
    ]),
  )
}

const isAlone = (cases: readonly Numbered[]): boolean => cases.some(({ one }) => one.alone === true)

/** Environment variable that names the job whose accomplice a process is. */
const helper = 'RUNWARDEN_ACCOMPLICE_OF'

const notRun: Ended = { status: -1, hangs: false, ms: 0, said: 'was not run' }

async function play(
  stage: Stage,
  name: string,
  cases: readonly Numbered[],
  as: Attacker,
  control: boolean,
): Promise<{ folder: string; arrivals: Arrivals; status: number | null }> {
  const folder = stage.work(name)
  await stage.clear()
  const job = writeJob(folder, cases, control)
  if (as === 'user')
    execFileSync('chown', [
      '-R',
      `${account.id}:${account.id}`,
      join(folder, 'said'),
      join(folder, 'shared'),
    ])
  let status: number | null
  try {
    await startHelpers(stage, folder, cases, as)
    const ended = await stage.run(job, as, control ? null : join(folder, 'out'))
    status = ended.status
    if (status !== 0 && !isAlone(cases))
      throw new Error(`the job of ${name} ended with ${status}: ${ended.stderr}`)
  } finally {
    // With what they started: a sender that went on would be in all later records.
    await endCarriers(helper, folder)
  }
  return { folder, status, arrivals: new Arrivals(await stage.loot()) }
}

function startHelpers(stage: Stage, folder: string, cases: readonly Numbered[], as: Attacker) {
  return Promise.all(
    cases.flatMap((numbered) => {
      const { outside, internet } = numbered.one
      const env = { ...environmentOf(numbered, 'attempt', folder), [helper]: folder }
      return [
        ...(outside === undefined ? [] : [stage.beside(outside, as, env)]),
        ...(internet === undefined ? [] : [stage.atInternet(['bash', '-c', internet], env)]),
      ]
    }),
  )
}
