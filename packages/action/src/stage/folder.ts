import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { StartError, textOf } from './error.ts'
import { endEnforced } from './leftovers.ts'

/** What is where in the folder of one job's agent. All of it is root's. */
export interface JobFolder {
  /** 16 hexadecimal digits: nothing that a shell, systemd or anybody else reads more into. */
  id: string
  path: string
  /** The copy of Node.js that runs the agent, and nothing else. */
  node: string
  /** The copy of the bundle. */
  bundle: string
  /** For the agent: its socket, its state (pins), its records. */
  socket: string
  state: string
  out: string
  /** What the agent and its supervisor say on standard error. */
  log: string
}

/** A folder without news for that long, of which nothing runs, is nobody's, ms: no start takes as long. */
const idle = 120_000

const isId = (text: string): boolean => /^[\da-f]{16}$/.test(text)

function places(home: string, id: string): JobFolder {
  const path = join(home, id)
  return {
    id,
    path,
    node: join(path, 'program/node'),
    bundle: join(path, 'program/bundle'),
    socket: join(path, 'agent.sock'),
    state: join(path, 'state'),
    out: join(path, 'out'),
    log: join(path, 'agent.log'),
  }
}

/** @throws StartError when there is no such folder */
export function findJobFolder(home: string, id: string): JobFolder {
  if (!isId(id) || lstatSync(join(home, id), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new StartError('NO_JOB', `there is no agent's folder '${id}' in ${home}`, '')
  return places(home, id)
}

/**
 * Makes a new one, and removes those of agents that are no more.
 * @throws StartError when it could be changed by others than root, or nothing can be executed there
 */
export function makeJobFolder(home: string): JobFolder {
  process.umask(0o022)
  makeFolders(home)
  checkOwners(home)
  checkExecutable(home)
  sweep(home)
  const folder = places(home, randomBytes(8).toString('hex'))
  makeFolder(folder.path, 0o755)
  for (const path of [dirname(folder.node), folder.state]) makeFolder(path, 0o700)
  return folder
}

/** Not by node, which asks without an end where a file system says of what can't be made there that it is not there. */
function makeFolders(path: string): void {
  const isThere = (): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined
  if (isThere()) return
  makeFolders(dirname(path))
  try {
    makeFolder(path, 0o755)
  } catch (error) {
    // Another start's, made at this moment.
    if (!isThere()) throw error
  }
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    const advice = 'root has to be able to write there: the agent runs from it'
    throw new StartError('FOLDER', `${path} cannot be made: ${textOf(error)}`, advice, {
      cause: error,
    })
  }
}

/** Sticky folders are as good: nobody there can put something else in the place of what is root's. */
function checkOwners(path: string): void {
  for (let at = path; ; at = dirname(at)) {
    const facts = lstatSync(at)
    const open = (facts.mode & 0o022) !== 0 && (facts.mode & 0o1000) === 0
    if (!facts.isDirectory() || facts.uid !== 0 || open)
      throw new StartError(
        'NOT_OF_ROOT',
        `${at} is not a folder that root alone can change`,
        `make it root's, with mode 0755: the agent runs from ${path}`,
      )
    if (at === dirname(at)) return
  }
}

interface Mount {
  path: string
  options: string[]
}

/** In the order in which they were made. */
function mounts(): Mount[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, , , , path = '', options = ''] = line.split(' ')
      return { path: unescaped(path), options: options.split(',') }
    })
}

/** Blanks and newlines stand there as octal numbers: proc_pid_mountinfo(5). */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`)

/** @throws StartError when its file system lets nothing be executed */
function checkExecutable(path: string): void {
  const around = mounts()
    .filter((mount) => isBelow(path, mount.path))
    .reduce((best, mount) => (mount.path.length >= best.path.length ? mount : best))
  if (around.options.includes('noexec'))
    throw new StartError(
      'NOEXEC',
      `${around.path} is mounted noexec, and the agent has to run from ${path}`,
      `mount something without noexec at ${path}, or install the agent on this machine (docs/agent.md)`,
    )
}

/** The supervisor, the agent and what that starts of itself; not the one that asks. */
export function processesOf({ node }: JobFolder): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && programOf(pid) === node)
}

function programOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '')
  } catch {
    // It has ended.
    return null
  }
}

/** Where something is mounted in the folder; what was mounted last comes first. */
export function mountsOf(folder: JobFolder): string[] {
  return mounts()
    .map(({ path }) => path)
    .filter((path) => isBelow(path, folder.path))
    .toReversed()
}

/** Each has a copy of Node.js. What a killed agent has left in force stays so as long as its job goes on. */
function sweep(home: string): void {
  for (const id of readdirSync(home).filter(isId)) {
    const folder = places(home, id)
    const since = lstatSync(folder.path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity
    if (Date.now() - since < idle) continue
    if (processesOf(folder).length > 0) continue
    try {
      if (mountsOf(folder).length > 0 && !endEnforced(folder, mountsOf(folder))) continue
      rmSync(folder.path, { recursive: true, force: true })
    } catch {
      // Another start removes it at this moment, or it can't be: no reason for a job to go without an agent.
    }
  }
}
