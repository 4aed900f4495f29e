import { lstatSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { AgentError, errnoOf } from '../errors.ts'
import { accessOf, type Access, type Change } from './changes.ts'
import type { Subject } from './confinement.ts'
import { realPlace } from './engines.ts'
import { trustedPlaces } from './roads.ts'

const sticky = 0o1000
/** The setuid and setgid bits. */
const setIds = 0o6000
/** No place that is trusted has more files than this; what has is not searched to its end. */
const mostEntries = 20_000

/** Whether a user can write to a file or folder of this access, as its owner, by a group or like everybody. */
export function canWrite({ uid, gid, mode }: Access, subject: Subject): boolean {
  // The owner can give himself the permission.
  if (uid === subject.uid) return true
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && subject.groups.includes(gid))
}

/** The access with which the user can't. What becomes root's acts as root for nobody: the user wrote it. */
export function shut({ uid, gid, mode }: Access, subject: Subject): Access {
  const group = subject.groups.includes(gid) ? 0o022 : 0o002
  if (uid !== subject.uid) return { uid, gid, mode: mode & ~group }
  return { uid: 0, gid, mode: mode & ~group & ~setIds }
}

/**
 * What takes the user's right to write away, where root's programs trust what lies there. Machines' images
 * open such places by accident (a world-writable /usr/share holds polkit's rules and D-Bus's services).
 * @throws AgentError SUDO_PLACE when the user owns a folder that such a place lies in
 */
export function placeChanges(subject: Subject): Change[] {
  const changes = new Map<string, Change>()
  const add = (path: string, before: Access, after: Access): void => {
    if (before.uid !== after.uid || before.mode !== after.mode)
      changes.set(path, { kind: 'access', path, before, after })
  }
  let left = mostEntries
  const walk = (path: string): void => {
    if (--left < 0) return
    const stat = lstatSync(path)
    // A link says nothing: who can replace it can write to its folder.
    if (stat.isSymbolicLink()) return
    const before = accessOf(path)
    if (canWrite(before, subject)) add(path, before, shut(before, subject))
    if (!stat.isDirectory()) return
    for (const name of readdirSync(path)) walk(join(path, name))
  }
  for (const place of trustedPlaces.flatMap((path) => realPlace(path) ?? [])) {
    try {
      walk(place)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
    for (let above = dirname(place); !changes.has(above); above = dirname(above)) {
      const before = accessOf(above)
      if (before.uid === subject.uid) {
        throw new AgentError(
          'SUDO_PLACE',
          `${above}, in which ${place} lies, belongs to user '${subject.name}', who can put another in its place`,
          `chown root ${above}`,
        )
      }
      // Others' entries stay where they are; work that makes its own there goes on.
      if (canWrite(before, subject)) add(above, before, { ...before, mode: before.mode | sticky })
      if (above === '/') break
    }
  }
  return [...changes.values()]
}
