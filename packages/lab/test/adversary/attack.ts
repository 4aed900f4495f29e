import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Outcome, runBatch, runControl } from '../../src/adversary/batch.ts'
import { type Attacker, expectedOf } from '../../src/adversary/case.ts'
import { rows } from '../../src/adversary/cases/index.ts'
import { casesFor } from '../../src/adversary/numbered.ts'
import { Stage } from '../../src/adversary/stage.ts'
import type { Ended, Numbered } from '../../src/adversary/steps.ts'

/** A busy machine may take ten times as long. */
const patience = 1_800_000

/** Tries every technique of this attacker in one job, without Runwarden and with it, and holds what came of each against what is claimed. */
export function attackTogether(as: Attacker): void {
  const cases = casesFor(as, false)
  let control: Map<string, { arrived: string[]; attempt: Ended }>
  let outcomes: Map<string, Outcome>
  beforeAll(async () => {
    ;[control, outcomes] = await Promise.all([
      onStage((stage) => runControl(stage, as, cases, as)),
      onStage((stage) => runBatch(stage, as, cases, as)),
    ])
  }, patience)

  describe.for(rows)('$row: $title', ({ cases: of }) => {
    const mine = cases.filter(({ one }) => of.includes(one))
    test.for(mine)('$one.id: $one.technique', ({ one }) => {
      if (one.cannot === undefined) expect(control.get(one.id)).toMatchObject(arrived)
      verify(one.id, outcomes.get(one.id), cases, as)
    })
  })
}

/** On one of its own: two at once do not meet. */
async function onStage<T>(use: (stage: Stage) => Promise<T>): Promise<T> {
  await using stage = await Stage.open()
  return await use(stage)
}

/** Those that take protection away, each in a run of its own. */
export function attackAlone(as: Attacker): void {
  const cases = casesFor(as, true)
  let stage: Stage
  beforeAll(async () => {
    stage = await Stage.open()
  }, patience)
  afterAll(() => stage[Symbol.asyncDispose]())

  test.for(cases)('$one.id: $one.technique', { timeout: patience }, async (numbered) => {
    const { id } = numbered.one
    const outcomes = await runBatch(stage, id, [numbered], as)
    verify(id, outcomes.get(id), cases, as)
  })
}

/** The whole outcome is shown when something of it is not as it must be. */
const arrived = { arrived: expect.arrayContaining([expect.any(String)]) }

function verify(
  id: string,
  outcome: Outcome | undefined,
  cases: readonly Numbered[],
  as: Attacker,
): void {
  const one = cases.find((numbered) => numbered.one.id === id)?.one
  if (one === undefined || outcome === undefined) throw new Error(`${id} was not run`)
  const result = expectedOf(one, as)
  expect(outcome).toMatchObject({
    result: one[as]?.race === true ? expect.stringMatching(`^(held|${result})$`) : result,
    attempt: { hangs: false },
    ...(outcome.twin === null ? {} : { twin: { ended: { hangs: false }, ...arrived } }),
  })
  // What is refused is told, to the person too.
  if (one.silent === undefined && result === 'held')
    expect(outcome.told, JSON.stringify(outcome)).not.toEqual([])
}
