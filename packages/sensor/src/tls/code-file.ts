import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { openNamedFile, openProcessFile } from '../served.ts'

/** Beyond, a process's list of mappings is not read: it makes them as it likes. */
const MOST_MAPPINGS = 65_536

export interface CodeOf {
  pid: number
  /** Where it is mapped; 0: the program itself. */
  address: bigint
  /** `major:minor`, as the kernel has told it. */
  device?: string
  /** Where it was, for when the process or the mapping has gone; what is there now may be another file. */
  otherwise?: string
}

/**
 * Opens the file whose code a process runs, by the kernel's own links: also in another mount namespace, deleted or replaced.
 * @returns a descriptor and the path that the process knows it by; undefined when it is nowhere, or may never answer
 */
export function openCodeFile(code: CodeOf): { fd: number; path: string } | undefined {
  const { pid, address, device, otherwise = '' } = code
  try {
    const link = address === 0n ? 'exe' : mappingAt(pid, address)
    const fd = openProcessFile({ pid, link, device })
    if (fd === undefined) return undefined
    return { fd, path: readlinkSync(`/proc/self/fd/${fd}`).replace(/ \(deleted\)$/, '') }
  } catch {
    return openRegular(otherwise, device)
  }
}

/** A path of somebody else's mount namespace: what is no file here is left alone, and does not hold us up. */
function openRegular(path: string, device?: string): { fd: number; path: string } | undefined {
  try {
    const fd = path.startsWith('/') ? openNamedFile({ path, device }) : undefined
    return fd === undefined ? undefined : { fd, path }
  } catch {
    return undefined
  }
}

/** Link to the file of the mapping that holds an address, below /proc/PID. */
function mappingAt(pid: number, address: bigint): string {
  const found = mappings(pid).find(({ from, to }) => address >= from && address < to)
  if (!found) throw new Error('the mapping has gone')
  return `map_files/${found.range}`
}

/** Where a process has mapped code of files: its address in each. */
export function mappedCode(pid: number): bigint[] {
  try {
    return mappings(pid)
      .filter(({ isCode }) => isCode)
      .map(({ from }) => from)
  } catch {
    return []
  }
}

function mappings(pid: number): { from: bigint; to: bigint; range: string; isCode: boolean }[] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n', MOST_MAPPINGS)
    .flatMap((line) => {
      const [range = '', rights = '', , , inode = '0'] = line.split(' ', 5)
      if (inode === '0') return []
      const [from, to] = range.split('-')
      return [
        { from: BigInt(`0x${from}`), to: BigInt(`0x${to}`), range, isCode: rights[2] === 'x' },
      ]
    })
}

/** Processes of a cgroup and of those below it; those that end or are removed meanwhile are left out. */
export function processesBelow(cgroup: string): number[] {
  try {
    const own = readFileSync(`${cgroup}/cgroup.procs`, 'latin1').split('\n').filter(Boolean)
    const below = readdirSync(cgroup, { withFileTypes: true }).filter((one) => one.isDirectory())
    return [...own.map(Number), ...below.flatMap(({ name }) => processesBelow(`${cgroup}/${name}`))]
  } catch {
    return []
  }
}
