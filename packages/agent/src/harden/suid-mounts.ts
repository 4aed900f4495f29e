import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { nosuidPath } from '@runwarden/libbpf'
import { errnoOf } from '../errors.ts'
import { unescapePath } from '../mounts.ts'

/** A mount namespace that sees the machine's own files, and a process that is in it. */
export interface FileView {
  /** `mnt:[4026531841]`. Another one gets it as soon as this one has ended. */
  namespace: string
  pid: number
}

/** A mount, as a line of mountinfo has it. */
export interface MountRow {
  /** Another mount gets it as soon as this one has ended. */
  id: string
  path: string
  nosuid: boolean
  /** Device, root, type and source of what is mounted. */
  what: string
}

/** A mount on which setuid bits counted. */
interface SuidMount extends Pick<MountRow, 'id' | 'path' | 'what'> {
  /** A number that no other mount gets until the machine restarts; 0 before Linux 6.8. */
  unique: string
}

/** Setuid bits taken away from all mounts: what has to be known to give back those that had them, and no other one. */
export interface NosuidChange {
  kind: 'nosuid'
  /** Of the machine's start: numbers of mounts begin anew with it. */
  boot: string
  mounts: SuidMount[]
  /** The numbers of what was mounted at `/` in each namespace that there was. */
  roots: string[]
}

/**
 * The mount namespaces whose root is the machine's own: that of its first process, those of its services,
 * those in which users run. Containers have another root: their setuid programs are theirs.
 */
export function fileViews(): FileView[] {
  const found = new Map<string, FileView>()
  const machine = statSync('/proc/1/root', { bigint: true })
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/mnt`)
      if (found.has(namespace)) continue
      const root = statSync(`/proc/${pid}/root`, { bigint: true })
      if (root.dev === machine.dev && root.ino === machine.ino)
        found.set(namespace, { namespace, pid: Number(pid) })
    } catch {
      // It has ended, or is a thread of the kernel.
    }
  }
  return [...found.values()]
}

/** The mounts that the text of mountinfo tells of. */
export function mountRows(text: string): MountRow[] {
  return text.split('\n').flatMap((line): MountRow[] => {
    const [left = '', right = ''] = line.split(' - ')
    const [id = '', , device, root, path, options] = left.split(' ')
    if (path === undefined || options === undefined) return []
    const [type, source] = right.split(' ')
    return [
      {
        id,
        path: unescapePath(path),
        nosuid: options.split(',').includes('nosuid'),
        what: `${device} ${root} ${type} ${source}`,
      },
    ]
  })
}

/** Of the namespace that the process is in; none when it has ended. */
function rowsOf({ pid }: FileView): MountRow[] {
  try {
    return mountRows(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'))
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes(errnoOf(error) ?? '')) return []
    throw error
  }
}

/** Paths of the mounts on which setuid bits count, with those that lie below another mount at the same path. */
export function suidMountsOf(view: FileView): string[] {
  return rowsOf(view).flatMap(({ path, nosuid }) => (nosuid ? [] : path))
}

/** The numbers of what a view has at `/`; nothing when it has ended. */
function rootOf(view: FileView): string {
  return run(view, 'find', '/').join()
}

/** What takes all setuid bits away; undefined: none counts on any mount. */
export function nosuidChange(): NosuidChange | undefined {
  const views = fileViews().map((view) => ({ view, rows: rowsOf(view) }))
  if (!views.some(({ rows }) => rows.some(({ nosuid }) => !nosuid))) return undefined
  return {
    kind: 'nosuid',
    boot: bootId(),
    mounts: views.flatMap(({ view, rows }) => knownMounts(view, rows)),
    roots: views.map(({ view }) => rootOf(view)),
  }
}

/** What lies below another mount has no way to it: it can't be given back, and nobody sees it. */
function knownMounts(view: FileView, rows: readonly MountRow[]): SuidMount[] {
  const suid = rows.filter(({ nosuid }) => !nosuid)
  return run(view, 'find', ...suid.map(({ path }) => path)).flatMap((line) => {
    const [place, id, unique = '0'] = line.split(' ')
    const row = suid[Number(place)]
    if (row === undefined || row.id !== id) return []
    return [{ id, path: row.path, what: row.what, unique }]
  })
}

/** Takes all setuid bits away. */
export function setNosuid(): void {
  for (const view of fileViews()) if (suidMountsOf(view).length > 0) run(view, 'set')
}

/**
 * Gives them back to the very mounts that had them, wherever those are now.
 * @returns what stays without them and why; undefined: nothing does
 */
export function clearNosuid({ boot, mounts, roots }: NosuidChange): string | undefined {
  // The mounts have ended with the machine's last start.
  if (boot !== bootId()) return undefined
  const known = new Map(mounts.map((mount) => [mount.id, mount]))
  const paths: string[] = []
  const processes: string[] = []
  for (const view of fileViews()) {
    const rows = rowsOf(view)
    const ours = rows.flatMap((row) => {
      const mount = known.get(row.id)
      return mount !== undefined && row.nosuid ? [{ row, mount }] : []
    })
    const sure = ours.filter(({ row, mount }) => isSure(row, mount))
    const words = sure.flatMap(({ row, mount }) => [mount.id, mount.unique, row.path])
    const done = new Set(run(view, 'clear', ...words).map((place) => sure[Number(place)]?.row.id))
    for (const { row, mount } of ours)
      if (!done.has(row.id) && row.what === mount.what) paths.push(row.path)
    const shown = rows.findLast(({ path }) => path === '/')
    if (shown?.nosuid === true && !roots.includes(rootOf(view))) processes.push(nameOf(view))
  }
  const sentences = [
    ...(paths.length === 0
      ? []
      : [
          `setuid bits do not count on ${paths.join(', ')}: what is mounted there now cannot be reached, or told from another mount`,
        ]),
    ...(processes.length === 0
      ? []
      : [
          `setuid bits do not count for ${processes.join(', ')}, in mounts of their own that were made during the job, until started again`,
        ]),
  ]
  return sentences.length === 0 ? undefined : sentences.join('; ')
}

/**
 * Whether it may be the same one: by its unique number, which is looked at where it is changed. Without that an account could have mounted
 * a file system of its own meanwhile, as FUSE lets it, that has got all the same numbers.
 */
export function isSure(
  row: Pick<MountRow, 'what'>,
  { unique, what }: Pick<SuidMount, 'unique' | 'what'>,
): boolean {
  return unique !== '0' || (row.what === what && !/ fuse/.test(what))
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function nameOf({ pid }: FileView): string {
  try {
    return `process ${pid} (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`
  } catch {
    return `process ${pid}`
  }
}

/** What the program says of a view, line by line; nothing when nobody is in it any more: it is gone with its mounts. */
function run(
  { namespace, pid }: FileView,
  what: 'set' | 'find' | 'clear',
  ...words: string[]
): string[] {
  if (what !== 'set' && words.length === 0) return []
  const fd = openNamespace(pid)
  if (fd === undefined) return []
  try {
    // Its process may have ended, and another one have its number.
    if (readlinkSync(`/proc/self/fd/${fd}`) !== namespace) return []
    const { status, signal, stdout, stderr, error } = spawnSync(nosuidPath, ['3', what, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', fd],
    })
    // It ends itself where it was kept waiting: what it has said by then holds.
    if (status !== 0 && signal !== 'SIGALRM')
      throw error ?? new Error(stderr.trim() || `nosuid ended with ${status ?? signal}`)
    return stdout.split('\n').filter(Boolean)
  } finally {
    closeSync(fd)
  }
}

function openNamespace(pid: number): number | undefined {
  try {
    return openSync(`/proc/${pid}/ns/mnt`, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined
    throw error
  }
}
