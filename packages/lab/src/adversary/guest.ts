/**
 * Runs cases in a virtual machine, and says what came of them, a JSON object for each (see GuestOutcome).
 *
 *   node guest.ts user|root PATTERN [host]
 *
 * PATTERN is a regular expression for ids; those that need a run of their own get one. host: the whole machine is the scope.
 */
import { runBatch, runControl } from './batch.ts'
import type { Attacker } from './case.ts'
import { stepOutside } from './host-scope.ts'
import type { GuestOutcome } from './in-guest.ts'
import { casesFor } from './numbered.ts'
import { Stage } from './stage.ts'

const [, , attacker, pattern = '', scope] = process.argv
const as: Attacker = attacker === 'root' ? 'root' : 'user'
const wanted = new RegExp(pattern)
const fits = ({ one }: { one: { id: string } }): boolean => wanted.test(one.id)
const together = casesFor(as, false).filter(fits)

const host = scope === 'host'
if (host) stepOutside()
const stage = await Stage.open({ host })
try {
  const control = await runControl(stage, as, together, as)
  // What nothing comes of without Runwarden lacks a program or a part of the kernel here.
  const able = together.filter(
    ({ one }) => one.cannot !== undefined || (control.get(one.id)?.arrived.length ?? 0) > 0,
  )
  const outcomes = await runBatch(stage, as, able, as)
  for (const numbered of casesFor(as, true).filter(fits))
    for (const [id, outcome] of await runBatch(stage, numbered.one.id, [numbered], as))
      outcomes.set(id, outcome)
  for (const [id, outcome] of outcomes) say({ id, outcome })
  for (const { one } of together)
    if (!outcomes.has(one.id))
      say({ id: one.id, unable: control.get(one.id)?.attempt.said ?? 'was not run' })
} finally {
  await stage[Symbol.asyncDispose]()
}

function say(outcome: GuestOutcome): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
