import { spawnSync } from 'node:child_process'
import { AgentError } from '../errors.ts'
import { socketInodes } from './engines.ts'
import type { Credentials } from './holders.ts'

/**
 * Inodes of the sockets that are connected to a server at one of these paths, from what `ss -xnH state
 * connected` prints. A line ends with the server's path and inode, and the client's.
 */
export function clientInodes(text: string, paths: readonly string[]): Set<string> {
  const found = new Set<string>()
  for (const line of text.split('\n')) {
    const [, path = '', client] = /(\/.*) \d+ +\S+ (\d+)\s*$/.exec(line) ?? []
    if (client !== undefined && paths.includes(path.replace(/^\/var\/run\//, '/run/')))
      found.add(client)
  }
  return found
}

/** Connections to an engine that the user's processes made while they could: a sentence for each process. */
export function openConnections(
  uid: number,
  processes: ReadonlyMap<number, Credentials>,
  sockets: readonly string[],
): string[] {
  const { status, stdout, stderr, error } = spawnSync('ss', ['-xnH', 'state', 'connected'], {
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
  })
  if (status !== 0) {
    throw new AgentError(
      'SUDO_UNTRIED',
      `connections to container engines cannot be listed: ${error?.message ?? stderr.trim()}`,
      'install ss (iproute2)',
    )
  }
  const clients = clientInodes(stdout, sockets)
  return [...processes.values()].flatMap(({ pid, name, uids }) =>
    uids.includes(uid) && socketInodes(String(pid)).some((inode) => clients.has(inode))
      ? `process ${pid} (${name}) is connected to a container engine`
      : [],
  )
}
