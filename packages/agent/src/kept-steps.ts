import { join } from 'node:path'
import type { BpfMap, Link } from '@runwarden/libbpf'
import { builtObjects, type Sensor, STEP_MAPS } from '@runwarden/sensor'
import { Pins } from './enforce/pins.ts'
import { versionOf } from './enforce/version.ts'
import type { WatchPlace } from './watch/settings.ts'

const KEEPER = 'steps_kept'

/**
 * Which processes are in steps, from one watch of a scope to the next, also over an agent's death: what a step has left behind must
 * not pass for one that is in none, and so for the runner's worker.
 */
export class KeptSteps {
  /** What the watch before knew, by name; empty: nothing. */
  readonly maps: Readonly<Record<string, BpfMap>>
  /** There was a watch, and what it knew is gone. */
  readonly isLost: boolean
  readonly #pins: Pins
  readonly #links: Link[] = []

  constructor({ pinDir, adopted }: WatchPlace) {
    const version = versionOf(join(builtObjects(), 'observe.bpf.o'))
    this.#pins = new Pins(join(pinDir, 'steps'), version)
    const keeper = this.#pins.link(KEEPER)
    if (keeper !== undefined) this.#links.push(keeper)
    // Without the program they may have missed some.
    this.maps = keeper === undefined ? {} : this.#pins.maps(STEP_MAPS)
    this.isLost = adopted && Object.keys(this.maps).length === 0
  }

  /** The next watch goes on with what this sensor knows. */
  keep(sensor: Sensor): void {
    const keeper = sensor.keepSteps()
    this.#links.push(keeper)
    // What another version has left is of another shape.
    if (Object.keys(this.maps).length === 0) this.#pins.remove()
    this.#pins.drop(KEEPER)
    this.#pins.pin(new Map([[KEEPER, keeper]]), sensor.stepMaps())
  }

  /** Lets go of it: what is pinned stays. */
  close(): void {
    for (const map of Object.values(this.maps)) map.close()
    for (const link of this.#links) link.close()
  }
}
