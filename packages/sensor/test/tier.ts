/** Prints the tier that the sensor reaches on this kernel, and every hook of it that was refused. */
import { Observed } from './observed.ts'

using seen = new Observed()
console.log(seen.sensor.tier)
for (const hook of seen.sensor.hooks) {
  const expected = hook.tier === 'T1' && seen.sensor.tier === 'T0'
  if (hook.state === 'refused' && !expected) console.error(`${hook.name}: ${hook.reason}`)
}
