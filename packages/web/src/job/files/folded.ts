import type { Program, Rows } from '../rows.ts'

type File = Rows['files']

/** A line of the list: a file, or the same file of several processes. */
export interface FileLine extends File {
  /** Of which processes; empty: it is one file. */
  pids: readonly number[]
}

const ofProcess = /^\/proc\/(\d+)\//

/**
 * Files of /proc that one program treated alike, whichever process each is of, as one line: a runner reads the environment of every
 * process, and that is one act to whoever looks. What else there is stays as it is.
 */
export function folded(files: readonly File[]): FileLine[] {
  const found = new Map<string, File[]>()
  for (const file of files) {
    const key = keyOf(file)
    const alike = found.get(key)
    if (alike === undefined) found.set(key, [file])
    else alike.push(file)
  }
  return [...found.values()].map((alike) => lineOf(alike))
}

function keyOf(file: File): string {
  if (!file.path.startsWith('/proc/')) return String(file.n)
  const path = file.path.replace(ofProcess, '/proc/*/')
  if (path === file.path) return String(file.n)
  const { action, to, sensitive, workspace, errno, programs } = file
  const who = programs.map(({ exe, step }) => [exe, step])
  return JSON.stringify([path, action, to, sensitive, workspace, errno, who])
}

function lineOf(alike: readonly File[]): FileLine {
  const [first] = alike
  if (first === undefined) throw new Error('a line has a file')
  if (alike.length === 1) return { ...first, pids: [] }
  const programs = new Map<string, Program>()
  for (const program of alike.flatMap((file) => file.programs))
    programs.set(`${program.execId} ${program.exe} ${program.step}`, program)
  return {
    ...first,
    path: first.path.replace(ofProcess, '/proc/*/'),
    count: alike.reduce((sum, { count }) => sum + count, 0),
    programs: [...programs.values()],
    pids: alike.map(({ path }) => Number(ofProcess.exec(path)?.[1])).toSorted((a, b) => a - b),
  }
}
