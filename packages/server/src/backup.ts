import { constants, existsSync } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { backup as copyDatabase } from 'node:sqlite'
import { ConfigError } from './config-table.ts'
import { databaseName, makeFolders, openExisting } from './data-folder.ts'
import { Database } from './db/database.ts'

/** All pages at once: what others write meanwhile would have it begin anew. They wait for nothing (WAL). */
const pagesAtOnce = 0x7fffffff

/**
 * Copies all that a server keeps to a new folder, which is a data folder itself; the server may run meanwhile. The database is
 * as of one moment. Segments never change, so that on the same file system they are hard links, and cost nothing. They come
 * after the database: what it names is there, but for jobs that were deleted in between. The index is left out: it is made
 * again from the segments at the first start.
 * @param to must not be there yet; it appears when it is whole
 * @throws ConfigError
 */
export async function backup(data: string, to: string): Promise<void> {
  using db = openExisting(data)
  await intoNew(to, async (folder) => {
    await copyDatabase(db.raw, join(folder, databaseName), { rate: pagesAtOnce })
    await sync(join(folder, databaseName))
    await copySegments(data, folder, true)
  })
}

/**
 * Makes a data folder from a backup, which stays as it is.
 * @param data must not be there yet; it appears when it is whole
 * @throws ConfigError, and nothing is made, where the backup's database is not sound
 */
export async function restore(from: string, data: string): Promise<void> {
  const source = join(from, databaseName)
  if (!existsSync(source))
    throw new ConfigError(`${from} is no backup of a server (there is no ${databaseName})`)
  await intoNew(data, async (folder) => {
    const target = join(folder, databaseName)
    await copyFile(source, target)
    using db = new Database(target)
    const said = db.all<{ quick_check: string }>('PRAGMA quick_check').map((row) => row.quick_check)
    if (said.join() !== 'ok') throw new ConfigError(`${source} is damaged: ${said[0]}`)
    await sync(target)
    await copySegments(from, folder, false)
  })
}

/** Fills a folder beside the one that is wanted, which gets its name when all of it is on the disk. */
async function intoNew(given: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const path = resolve(given)
  const partial = `${path}.partial-${process.pid}`
  try {
    makeFolders(partial)
  } catch (error) {
    throw new ConfigError(`the folder ${path} can't be made: ${(error as Error).message}`, {
      cause: error,
    })
  }
  try {
    await fill(partial)
    // An empty folder of that name goes; one with anything in it stays, and is an error.
    await rename(partial, path)
    await sync(dirname(path))
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST')
      throw new ConfigError(`${path} is not empty; name a folder that is not there yet`)
    throw error
  }
}

async function copySegments(from: string, to: string, byLink: boolean): Promise<void> {
  const root = join(from, 'segments')
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(whenGone([]))
  for (const entry of entries) {
    // What has another name is not whole yet.
    if (!entry.isFile() || !entry.name.endsWith('.zst')) continue
    const source = join(entry.parentPath, entry.name)
    const target = join(to, relative(from, source))
    await mkdir(dirname(target), { recursive: true })
    const linked =
      byLink &&
      (await link(source, target).then(
        () => true,
        () => false,
      ))
    if (!linked) await copyWhole(source, target).catch(whenGone(undefined))
  }
  for (const folder of new Set(entries.map((one) => relative(from, one.parentPath))))
    await sync(join(to, folder)).catch(whenGone(undefined))
}

async function copyWhole(source: string, target: string): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE)
  await sync(target)
}

/** A job that is deleted at that moment is gone from the copy, too. */
function whenGone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT') return instead
    throw error
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined

/** Until it is on the disk; a file or a folder. */
async function sync(path: string): Promise<void> {
  await using handle = await open(path)
  await handle.sync()
}
