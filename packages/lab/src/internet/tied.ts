import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'

/** Starts a program that the kernel ends when this process does, however that ends. */
export function spawnTied(
  command: string,
  args: readonly string[],
): ChildProcessWithoutNullStreams {
  return spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args])
}
