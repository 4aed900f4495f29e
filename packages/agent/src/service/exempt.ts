import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Exemptions } from '../enforce/exempt.ts'
import type { ProcessName } from '../enforce/named-processes.ts'
import { AgentError } from '../errors.ts'
import { cgroupPath } from './cgroups.ts'
import { identityAt } from './path-watch.ts'

/** What a person exempts from a scope's policy. */
export interface ExemptSettings {
  cgroups: readonly string[]
  programs: readonly string[]
  /** Names of exemptPresets. */
  presets: readonly string[]
  /** Processes that run now: see jobProcesses. */
  processes?: readonly ProcessName[]
}

/** Groups of programs; those that a machine has are exempt there. */
export const exemptPresets: Readonly<Record<string, readonly string[]>> = {
  'host-services': [
    '/usr/lib/systemd/systemd-resolved',
    '/usr/lib/systemd/systemd-networkd',
    '/usr/lib/systemd/systemd-timesyncd',
    '/usr/sbin/NetworkManager',
    '/usr/sbin/dhclient',
    '/usr/sbin/dhcpcd',
    '/usr/sbin/chronyd',
    '/usr/sbin/ntpd',
  ],
}

/** Whether the machine's own address set-up passes the link layer. */
export function passesDhcp({ presets }: ExemptSettings): boolean {
  return presets.includes('host-services')
}

/** A cgroup or a program that is to be exempt. */
interface Place {
  /** For people. */
  name: string
  path: string
  kind: 'cgroup' | 'program'
  /** Of a preset: many a machine has none. */
  mayLack: boolean
}

/** @throws AgentError for a preset that there is not */
export function exemptPlaces({ cgroups, programs, presets }: ExemptSettings): Place[] {
  return [
    ...cgroups.map((name): Place => {
      return { name: `cgroup ${name}`, path: cgroupPath(name), kind: 'cgroup', mayLack: false }
    }),
    ...programs.map((path) => programPlace(path, false)),
    ...presets.flatMap((name) => presetOf(name).map((path) => programPlace(path, true))),
  ]
}

function programPlace(path: string, mayLack: boolean): Place {
  return { name: path, path, kind: 'program', mayLack }
}

function presetOf(name: string): readonly string[] {
  const preset = Object.hasOwn(exemptPresets, name) ? exemptPresets[name] : undefined
  if (preset !== undefined) return preset
  throw new AgentError(
    'NO_PRESET',
    `there is no preset of exemptions '${name}'`,
    `there are: ${Object.keys(exemptPresets).join(', ')}`,
  )
}

/**
 * What is to be exempt, whether it is there or not.
 * @param own the agent's cgroup, when it is in the scope
 * @returns undefined: nobody is
 * @throws AgentError for a preset that there is not
 */
export function exemptionsOf(
  settings: ExemptSettings,
  own: string | undefined,
): Exemptions | undefined {
  const places = exemptPlaces(settings)
  const pathsOf = (kind: Place['kind']): string[] =>
    places.filter((place) => place.kind === kind).map(({ path }) => path)
  const programs = pathsOf('program')
  const cgroups = [...pathsOf('cgroup'), ...(own === undefined ? [] : [own])]
  const { processes = [] } = settings
  if (programs.length === 0 && cgroups.length === 0 && processes.length === 0) return undefined
  return { programs, cgroups, processes }
}

/** By the path of what is to be exempt: which one is there now. */
export type ExemptThere = ReadonlyMap<string, string>

export function exemptThere(settings: ExemptSettings): ExemptThere {
  return new Map(
    exemptPlaces(settings).flatMap(({ path }) => {
      const identity = identityAt(path)
      return identity === undefined ? [] : [[path, identity] as const]
    }),
  )
}

/**
 * Sentences about exemptions, for the person who made them: who is exempt, and what is wrong with it.
 * @param before what the last ones were about: only what has changed since is told; undefined: these are the first
 */
export function describeExempt(
  settings: ExemptSettings,
  there: ExemptThere,
  before?: ExemptThere,
): string[] {
  const places = exemptPlaces(settings).filter(
    ({ path }) => before === undefined || before.get(path) !== there.get(path),
  )
  const found = places.filter(({ path }) => there.has(path))
  const { processes = [] } = before === undefined ? settings : {}
  const said = [
    ...found.map(({ name }) => name),
    ...processes.map(({ pid, name }) => `process ${pid} (${name})`),
  ]
  return [
    ...(said.length === 0
      ? []
      : [
          `exempt from the policy${before === undefined ? '' : ', found anew'}: ${said.join(', ')}`,
        ]),
    ...places
      .filter(({ path, mayLack }) => !there.has(path) && !mayLack)
      .map(
        ({ name }) =>
          `WARNING: ${name} is to be exempt, and is not there: it is exempt from when it is made, and not before`,
      ),
    ...found.flatMap(({ path, kind }) => {
      const place = kind === 'program' ? writableByOthers(path) : undefined
      return place === undefined
        ? []
        : [
            `WARNING: ${path} is exempt, and ${place} can be written by others than root, who can put their own in its place: chown root ${place}, or exempt a cgroup instead`,
          ]
    }),
  ]
}

/** The file or a folder above it that another user than root can write to. */
function writableByOthers(path: string): string | undefined {
  for (let place = path; ; place = dirname(place)) {
    const found = statSync(place, { throwIfNoEntry: false })
    // It has gone this moment.
    if (found === undefined) return undefined
    const { uid, gid, mode } = found
    const sticky = (mode & 0o1000) !== 0 && place !== path
    if (uid !== 0 || (mode & 0o020 && gid !== 0) || (mode & 0o002 && !sticky)) return place
    if (place === '/') return undefined
  }
}
