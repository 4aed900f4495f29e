import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { scopeIdentity } from '@runwarden/sensor'
import type { Exemptions } from '../enforce/exempt.ts'
import type { ProcessName } from '../enforce/named-processes.ts'
import { AgentError } from '../errors.ts'
import { findCgroup } from './cgroups.ts'

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

/**
 * Finds what is to be exempt.
 * @param own the agent's cgroup, when it is in the scope
 * @returns undefined: nobody is
 * @throws AgentError for a program, preset or cgroup that is not there
 */
export function findExempt(
  settings: ExemptSettings,
  own: string | undefined,
): Exemptions | undefined {
  const missing = settings.programs.find((program) => !existsSync(program))
  if (missing !== undefined) {
    throw new AgentError(
      'NO_PROGRAM',
      `there is no program ${missing}, which is to be exempt`,
      'name the file itself, or leave it out',
    )
  }
  const programs = [...settings.programs]
  for (const name of settings.presets) {
    const preset = Object.hasOwn(exemptPresets, name) ? exemptPresets[name] : undefined
    if (preset === undefined) {
      throw new AgentError(
        'NO_PRESET',
        `there is no preset of exemptions '${name}'`,
        `there are: ${Object.keys(exemptPresets).join(', ')}`,
      )
    }
    programs.push(...preset.filter((program) => existsSync(program)))
  }
  const cgroups = settings.cgroups.map((cgroup) => findCgroup(cgroup))
  if (own !== undefined) cgroups.push(own)
  const { processes = [] } = settings
  if (programs.length === 0 && cgroups.length === 0 && processes.length === 0) return undefined
  return { programs, cgroups: cgroups.map((cgroup) => scopeIdentity(cgroup)), processes }
}

/** Sentences about exemptions, for the person who made them: who is exempt, and what is wrong with it. */
export function describeExempt(
  { programs, processes = [] }: Exemptions,
  settings: ExemptSettings,
): string[] {
  const said = [
    ...settings.cgroups.map((cgroup) => `cgroup ${cgroup}`),
    ...programs,
    ...processes.map(({ pid, name }) => `process ${pid} (${name})`),
  ]
  return [
    ...(said.length === 0 ? [] : [`exempt from the policy: ${said.join(', ')}`]),
    ...programs.flatMap((program) => {
      const place = writableByOthers(program)
      return place === undefined
        ? []
        : [
            `WARNING: ${program} is exempt, and ${place} can be written by others than root, who can put their own in its place: chown root ${place}, or exempt a cgroup instead`,
          ]
    }),
  ]
}

/** The file or a folder above it that another user than root can write to. */
function writableByOthers(path: string): string | undefined {
  for (let place = path; ; place = dirname(place)) {
    const { uid, gid, mode } = statSync(place)
    const sticky = (mode & 0o1000) !== 0 && place !== path
    if (uid !== 0 || (mode & 0o020 && gid !== 0) || (mode & 0o002 && !sticky)) return place
    if (place === '/') return undefined
  }
}
