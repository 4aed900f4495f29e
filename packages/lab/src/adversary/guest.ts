/**
 * Runs cases in a virtual machine, and says what came of them, a JSON object for each (see GuestOutcome).
 *
 *   node guest.ts user|root PLACES PATTERN
 *
 * PLACES: `run`, `host`, or both with a comma (see Place). PATTERN is a regular expression for ids; those that need a
 * run of their own get one.
 */
import { runBatch, runControl } from './batch.ts'
import type { Attacker } from './case.ts'
import type { Place } from './guest-results.ts'
import { machine, stepOutside } from './host-scope.ts'
import type { GuestOutcome } from './in-guest.ts'
import { casesFor } from './numbered.ts'
import { Stage } from './stage.ts'
import { hasStep } from './steps.ts'

const [, , attacker, places = '', pattern = ''] = process.argv
const as: Attacker = attacker === 'root' ? 'root' : 'user'
const wanted = new RegExp(pattern)
const fits = ({ one }: { one: { id: string } }): boolean => wanted.test(one.id)
const together = casesFor(as, false).filter(fits)

stepOutside()
// Else what the kernel itself sends on the runner would be exempt, too.
const stage = await Stage.open({ cgroup: machine })
try {
  const control = await runControl(stage, as, together, as)
  const alone = casesFor(as, true).filter(fits)
  // What nothing comes of without Runwarden lacks a program or a part of the kernel here.
  const able = together.filter(
    ({ one }) => !hasStep(one, 'attempt', true) || (control.get(one.id)?.arrived.length ?? 0) > 0,
  )
  for (const place of places.split(',') as Place[]) {
    stage.host = place === 'host'
    for (const batch of [able, ...alone.map((numbered) => [numbered])]) {
      if (batch.length === 0) continue
      const name = `${place}-${batch[0]?.number}`
      for (const [id, outcome] of await runBatch(stage, name, batch, as))
        say({ place, id, outcome })
    }
    for (const numbered of together) {
      const { id } = numbered.one
      if (!able.includes(numbered))
        say({ place, id, unable: control.get(id)?.attempt.said ?? 'was not run' })
    }
  }
} finally {
  await stage[Symbol.asyncDispose]()
}

function say(outcome: GuestOutcome): void {
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
