import { join } from 'node:path'
import { openObject } from '@runwarden/libbpf'
import { endUngranted, hasHttpsRules } from './https-state.ts'
import { PINNED_MAPS } from './map-names.ts'
import { Pins } from './pins.ts'
import { versionOf } from './version.ts'

const enforcement = join(
  import.meta.dirname,
  '../../../../bpf/build',
  process.arch,
  'enforce.bpf.o',
)

/** Where the maps of the enforcement are pinned. @param pinDir as Enforcer has it */
export function pinnedMaps(pinDir: string): string {
  return new Pins(pinDir, versionOf(enforcement)).mapFolder
}

/**
 * Before the pins of an agent that has ended are removed: what its scope's processes left to be sent, and nobody granted, would
 * leave then. They have ended, too.
 * @param pinDir as Enforcer has it
 * @throws BpfError when the kernel refuses; then the pins must stay
 */
export function endUngrantedBehind(pinDir: string): void {
  const maps = new Pins(pinDir, versionOf(enforcement)).maps(PINNED_MAPS)
  try {
    const { https_state: state } = maps
    if (state === undefined || !hasHttpsRules(state)) return
    using opened = openObject(enforcement)
    const others = opened.programs().filter(({ name }) => name !== 'https_ungranted')
    using object = openObject(enforcement, { reuse: maps, disable: others.map(({ name }) => name) })
    object.load()
    endUngranted(object)
  } finally {
    for (const map of Object.values(maps)) map.close()
  }
}
