import { once } from 'node:events'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { AgentAnswer, AgentRequest } from '@runwarden/events'
import { type Peer, peerCredentials } from '@runwarden/libbpf'
import { AgentError, errnoOf, messageOf } from '../errors.ts'
import { processStart } from '../run-state.ts'
import { parseRequest, requestLimit } from './message.ts'

/** Who asks, as of when the connection was taken. */
export interface Asker extends Peer {
  /** As processStart() has it: another process may get its number; undefined: it had ended. */
  start: string | undefined
}

/** Answers one request. @throws AgentError: the answer says why not */
export type Answer = (request: AgentRequest, asker: Asker) => Promise<unknown>

/** Whether somebody may ask at all. @throws AgentError */
export type Admit = (peer: Peer) => void

/** How long a peer may take to say what it wants, and to take the answer, ms. */
const patienceMs = 10_000
const refusedMs = 1_000
/** Peers at once; a step that opens more is made to wait. */
const most = 32

/** The agent's socket for jobs: anybody may connect, and each request is answered by who asks. */
export class JobSocket {
  readonly path: string
  readonly #server: Server
  readonly #admit: Admit
  readonly #answer: Answer
  /** Those that have not said what they want. */
  readonly #silent = new Set<Socket>()

  private constructor(path: string, admit: Admit, answer: Answer) {
    this.path = path
    this.#admit = admit
    this.#answer = answer
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket))
    this.#server.maxConnections = most
  }

  /**
   * @param path in a folder of root's
   * @throws AgentError when it cannot be there
   */
  static async listen(path: string, admit: Admit, answer: Answer): Promise<JobSocket> {
    const socket = new JobSocket(path, admit, answer)
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
      // An earlier agent's: its scope is held by whoever lives, so two agents do not come this far.
      rmSync(path, { force: true })
      socket.#server.listen(path)
      await once(socket.#server, 'listening')
      chmodSync(path, 0o666)
    } catch (error) {
      throw new AgentError(
        'SOCKET',
        `the agent cannot listen at ${path}: ${messageOf(error)}`,
        errnoOf(error) === 'EINVAL' ? 'name a shorter path' : 'name a path that root can make',
        { cause: error },
      )
    }
    return socket
  }

  /** Answers that are under way come to their end; who has not asked yet is not waited for. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#silent) socket.destroy()
    await closed
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => socket.destroy())
    // Of all that is said together: who sends byte by byte holds no connection open until another process has its number.
    const late = setTimeout(() => socket.destroy(), patienceMs)
    this.#silent.add(socket)
    socket.on('close', () => {
      clearTimeout(late)
      this.#silent.delete(socket)
    })
    let answer: AgentAnswer<unknown>
    try {
      const peer = peerOf(socket)
      this.#admit(peer)
      const line = await readLine(socket)
      if (line === undefined) {
        // Whoever only looked whether somebody listens; half-open it would hold up the agent's end.
        socket.destroy()
        return
      }
      this.#silent.delete(socket)
      clearTimeout(late)
      answer = { ok: true, value: await this.#answer(parseRequest(line), peer) }
    } catch (error) {
      answer =
        error instanceof AgentError
          ? { ok: false, code: error.code, message: error.message, advice: error.advice }
          : { ok: false, code: 'FAILED', message: messageOf(error), advice: '' }
    }
    clearTimeout(late)
    this.#silent.delete(socket)
    // What is still to be read would be taken for a broken connection at the other end.
    socket.resume()
    socket.setTimeout(refusedMs, () => socket.destroy())
    socket.end(`${JSON.stringify(answer)}\n`)
  }
}

/** Who connected. Node's own handle of a Unix socket has its descriptor. */
function peerOf(socket: Socket): Asker {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } }
  if (handle?.fd === undefined || handle.fd < 0)
    throw new AgentError('PEER', 'it cannot be seen who asks the agent', '')
  const peer = peerCredentials(handle.fd)
  return { ...peer, start: processStart(peer.pid) }
}

/** What comes before the first newline; undefined: nothing whole came. */
async function readLine(socket: Socket): Promise<string | undefined> {
  const parts: Buffer[] = []
  let size = 0
  // The answer goes back over it.
  for await (const part of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const end = part.indexOf(10)
    parts.push(end < 0 ? part : part.subarray(0, end))
    size += part.length
    if (end >= 0) return Buffer.concat(parts).toString()
    if (size > requestLimit)
      throw new AgentError(
        'BAD_REQUEST',
        `a request to the agent is longer than ${requestLimit} bytes`,
        'shorten policy, block list and rules',
      )
  }
  return undefined
}
