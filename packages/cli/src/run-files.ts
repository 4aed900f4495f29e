import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { AgentError, errnoOf, makeFolders, messageOf } from '@runwarden/agent'

/** Reads a file that the command line names. @throws AgentError that names it. */
export function readNamedFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new AgentError(
      'UNREADABLE',
      `cannot read the ${what} ${path}: ${messageOf(error)}`,
      `name a readable ${what}`,
      { cause: error },
    )
  }
}

/** Where the files that options name really are; what was not given, or is no file that somebody could change, is left out. */
export function filesNamed(paths: readonly (string | null | undefined)[]): string[] {
  return paths.flatMap((path) =>
    path == null || statSync(path, { throwIfNoEntry: false })?.isFile() !== true
      ? []
      : [realpathSync(path)],
  )
}

/** 2026-03-01T12-30-05.123Z: sorts by time, and is a file's name anywhere. */
export function timeName(time: Date): string {
  return time.toISOString().replaceAll(':', '-')
}

/**
 * Makes a folder of this run alone, named by the time: another run may have begun in the same millisecond. Where none
 * can be made its name is returned all the same, for whoever opens it to say why.
 * @returns its path, and all that was made, the outermost first
 */
export function newFolder(parent: string, time: Date): { path: string; made: string[] } {
  const first = join(parent, timeName(time))
  const made: string[] = []
  try {
    if (!existsSync(parent)) {
      made.push(...makeFolders(parent))
      // Runs must not make a checkout look changed: builds ask git for that.
      const ignore = join(parent, '.gitignore')
      writeFileSync(ignore, '*\n', { flag: 'wx' })
      made.push(ignore)
    }
  } catch (error) {
    // Else a run that began at the same instant has just made it.
    if (errnoOf(error) !== 'EEXIST') return { path: first, made }
  }
  for (let number = 1; ; number++) {
    const path = number === 1 ? first : `${first}-${number}`
    try {
      mkdirSync(path)
      return { path, made: [...made, path] }
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || number === 1000) return { path, made }
    }
  }
}

/** The absolute path of the folder whose changes are told. @throws AgentError when there is none */
export function readWorkspace(path: string): string {
  let why = 'it is no folder'
  try {
    const absolute = resolve(path)
    if (statSync(absolute).isDirectory()) return absolute
  } catch (error) {
    why = messageOf(error)
  }
  throw new AgentError(
    'WORKSPACE',
    `the workspace ${path} cannot be watched: ${why}`,
    'name a folder with --workspace, or start in one',
  )
}
