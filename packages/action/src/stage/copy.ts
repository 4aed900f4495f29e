import { constants } from 'node:fs'
import { chmod, copyFile as copyBytes, mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StartError, textOf } from './error.ts'

/** More than a bundle has: a folder that is none is noticed before the disk is full. */
const mostFiles = 2_000

/**
 * Copies a folder of regular files and folders; a link, a pipe or a device in it is an error. Nobody but who copies may
 * read the copy.
 * @throws StartError that says what could not be copied
 */
export async function copyFolder(from: string, to: string): Promise<void> {
  let files = 0
  const copy = async (source: string, target: string): Promise<void> => {
    await mkdir(target, { mode: 0o700 })
    const entries = await readdir(source, { withFileTypes: true })
    files += entries.length
    if (files > mostFiles) throw refused(from, `it has more than ${mostFiles} files`)
    await Promise.all(
      entries.map((entry) => {
        const path = join(source, entry.name)
        return (entry.isDirectory() ? copy : copyFile)(path, join(target, entry.name))
      }),
    )
  }
  await copy(from, to)
}

/**
 * Copies one regular file. Where the file system lets two files share their blocks no byte is copied.
 * @throws StartError that says why it could not be copied
 */
export async function copyFile(from: string, to: string): Promise<void> {
  try {
    // What is looked at is what is copied, by its descriptor. No link is followed, and no pipe waited for.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using file = await open(from, flags)
    const facts = await file.stat()
    if (!facts.isFile()) throw new Error('it is no regular file')
    const how = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
    await copyBytes(`/proc/self/fd/${file.fd}`, to, how)
    await chmod(to, (facts.mode & 0o100) === 0 ? 0o600 : 0o700)
  } catch (error) {
    throw refused(from, textOf(error), error)
  }
}

function refused(path: string, why: string, cause?: unknown): StartError {
  return new StartError(
    'COPY',
    `${path} cannot be copied to where only root can change it: ${why}`,
    'the action runs from a copy of its files: make room on the disk, or use the action as it was released',
    { cause },
  )
}
