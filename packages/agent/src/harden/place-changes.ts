import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AgentError, errnoOf } from '../errors.ts'
import { accessChange, accessOf, type Access, type Change } from './changes.ts'
import type { Subject } from './confinement.ts'
import { realPlace } from './engines.ts'
import { trustedPlaces } from './roads.ts'

const sticky = 0o1000
/** The setuid and setgid bits. */
const setIds = 0o6000
/** The places that are trusted have fewer files than this: who has more put there would not have them searched to the end. */
const mostEntries = 20_000
/** As the kernel's. */
const mostLinks = 40

/** Whether a user can write to a file or folder of this access, as its owner, by a group or like everybody. */
export function canWrite({ uid, gid, mode }: Access, subject: Subject): boolean {
  // The owner can give himself the permission.
  if (uid === subject.uid) return true
  return (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && subject.groups.includes(gid))
}

/** The access with which the user can't. What becomes root's acts as root for nobody: the user wrote it. */
function shut({ uid, gid, mode }: Access, subject: Subject): Access {
  const group = subject.groups.includes(gid) ? 0o022 : 0o002
  if (uid !== subject.uid) return { uid, gid, mode: mode & ~group }
  return { uid: 0, gid, mode: mode & ~group & ~setIds }
}

/**
 * What takes the user's right to write away, where root's programs trust what lies there. Machines' images
 * open such places by accident (a world-writable /usr/share holds polkit's rules and D-Bus's services). Each change
 * is to be made before the next one is asked for: a folder is shut by the time that what lies in it is looked at.
 * A place that is not there yet is shut by the folder in which the user could make it.
 * @throws AgentError SUDO_PLACE when the user owns a folder that such a place lies in, or what lies there cannot be shut
 */
export function* placeChanges(subject: Subject): Generator<Change> {
  let left = mostEntries
  /** What links lead to, and was looked at. */
  const reached = new Set<string>()
  const places = trustedPlaces.map((path) => ({ path, place: realPlace(path) }))
  function* walk(path: string): Generator<Change> {
    const stat = lstatSync(path)
    // Who can replace it can write to its folder. What it leads to lies elsewhere.
    if (stat.isSymbolicLink()) {
      yield* follow(path)
      return
    }
    const change = accessChange(path, (before) =>
      canWrite(before, subject) ? shut(before, subject) : before,
    )
    if (change !== undefined) {
      requireOneName(path)
      yield change
      // Given meanwhile: now nobody but root can.
      requireOneName(path)
    }
    if (!stat.isDirectory()) return
    const names = readdirSync(path)
    left -= names.length
    if (left < 0)
      throw unshut(
        `root trusts more than ${mostEntries} files, up to those in ${path}`,
        'remove some',
      )
    for (const name of names) yield* visit(join(path, name))
  }
  function* visit(path: string): Generator<Change> {
    try {
      yield* walk(path)
    } catch (error) {
      // Removed meanwhile.
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }
  /** Nobody but root can put another in the place of what lies there. @param link that leads there */
  function* shutAbove(place: string, link?: string): Generator<Change> {
    const what = link === undefined ? place : `${place}, to which ${link} leads,`
    for (const above of foldersAbove(place)) {
      const before = accessOf(above)
      if (before.uid === subject.uid) {
        throw unshut(
          `${above}, in which ${what} lies, belongs to user '${subject.name}', who can put another in its place`,
          link === undefined ? `chown root ${above}` : `rm ${link}, or put a copy in its place`,
        )
      }
      // Others' entries stay where they are; work that makes its own there goes on.
      const change = accessChange(above, (now) =>
        canWrite(now, subject) ? { ...now, mode: now.mode | sticky } : now,
      )
      if (change !== undefined) yield change
    }
  }
  /** What a link leads to, over as many as it takes. */
  function* follow(link: string): Generator<Change> {
    let at = link
    for (let links = 0; links < mostLinks; links++) {
      const stat = lstatSync(at, { throwIfNoEntry: false })
      if (stat?.isSymbolicLink() !== true) break
      if (links > 0 && stat.uid === subject.uid) throw leads(link, at, 'belongs to the user')
      const named = resolve(dirname(at), readlinkSync(at))
      const folder = realPlace(dirname(named))
      if (folder === undefined) break
      at = join(folder, basename(named))
      if (reached.has(at)) return
      reached.add(at)
      if (!places.some(({ place }) => place !== undefined && isWithin(at, place)))
        yield* shutAbove(at, link)
    }
    const stat = lstatSync(at, { throwIfNoEntry: false })
    if (stat === undefined || stat.isSymbolicLink()) {
      if (canWrite(accessOf(existing(at)), subject)) throw leads(link, at, 'the user can make')
    } else if (stat.isFile() || stat.isDirectory()) yield* visit(at)
  }
  for (const { path, place } of places) {
    if (place === undefined) {
      const above = existing(path)
      yield* shutAbove(join(above, basename(path)))
      const change = accessChange(above, (now) =>
        canWrite(now, subject) ? shut(now, subject) : now,
      )
      if (change !== undefined) yield change
      // A link that leads nowhere.
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) yield* follow(path)
      continue
    }
    yield* shutAbove(place)
    yield* visit(place)
  }
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`)

/** The folder in which the user can make what is not there; none: he can't. */
export function makeableIn(path: string, subject: Subject): string[] {
  const above = existing(path)
  return canWrite(accessOf(above), subject) ? [above] : []
}

/** The nearest folder above that is there, by its real path. */
function existing(path: string): string {
  const above = dirname(path)
  return realPlace(above) ?? existing(above)
}

/** The highest first: who can write to one can put others in the place of those that lie in it. */
function foldersAbove(place: string): string[] {
  const above = dirname(place)
  return above === place ? [] : [...foldersAbove(above), above]
}

/** A file's other name may lie where it matters that it is the user's, or that it is not. */
function requireOneName(path: string): void {
  const stat = lstatSync(path)
  if (stat.isDirectory() || stat.nlink === 1) return
  throw unshut(
    `${path}, which root trusts and the job's user can write to, has another name elsewhere (${stat.nlink} hard links)`,
    `rm ${path}, or put a copy in its place`,
  )
}

const leads = (link: string, at: string, why: string): AgentError =>
  unshut(`${link}, which root trusts, leads to ${at}, which ${why}`, `rm ${link}`)

const unshut = (message: string, advice: string): AgentError =>
  new AgentError('SUDO_PLACE', message, advice)
