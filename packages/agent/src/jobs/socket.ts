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

/**
 * Whether somebody may ask at all.
 * @returns whose places it takes one of: nobody has those of others
 * @throws AgentError
 */
export type Admit = (peer: Peer) => string

/** How long a peer may take to say what it wants, and to take the answer, ms. Nothing that it sends makes it longer. */
const patienceMs = 10_000
const refusedMs = 1_000
/** Peers at once of one place: more are turned away. */
const most = 32
/** Of all: who says nothing makes room for the next one. Each has a descriptor. */
const mostOpen = 256

/** The agent's socket for jobs: anybody may connect, and each request is answered by who asks. */
export class JobSocket {
  readonly path: string
  readonly #server: Server
  readonly #admit: Admit
  readonly #answer: Answer
  /** Peers that are connected, by their place. */
  readonly #places = new Map<string, number>()
  #open = 0
  /** Those that have not said what they want, the oldest first. */
  readonly #silent = new Set<Socket>()

  private constructor(path: string, admit: Admit, answer: Answer) {
    this.path = path
    this.#admit = admit
    this.#answer = answer
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket))
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
    let peer: Asker
    let place: string
    try {
      peer = peerOf(socket)
      place = this.#admit(peer)
    } catch (error) {
      // What it sends is not read.
      if (this.#take('refused', socket)) tell(socket, failure(error), refusedMs)
      return
    }
    if (!this.#take(place, socket)) return
    // Of all that is said together: who sends byte by byte holds no connection open until another process has its number.
    const late = setTimeout(() => socket.destroy(), patienceMs)
    this.#silent.add(socket)
    socket.on('close', () => {
      clearTimeout(late)
      this.#silent.delete(socket)
    })
    let answer: AgentAnswer<unknown>
    try {
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
      answer = failure(error)
    }
    clearTimeout(late)
    this.#silent.delete(socket)
    // What is still to be read would be taken for a broken connection at the other end.
    socket.resume()
    tell(socket, answer, patienceMs)
  }

  /** @returns false: too many have a place, and it is turned away */
  #take(place: string, socket: Socket): boolean {
    const held = this.#places.get(place) ?? 0
    const [oldest] = this.#silent
    const isFull = this.#open >= mostOpen
    if (held >= most || (isFull && oldest === undefined)) {
      socket.destroy()
      return false
    }
    if (isFull) oldest?.destroy()
    this.#open++
    this.#places.set(place, held + 1)
    socket.on('close', () => {
      this.#open--
      const left = (this.#places.get(place) ?? 0) - 1
      if (left > 0) this.#places.set(place, left)
      else this.#places.delete(place)
    })
    return true
  }
}

/** The answer, and the end of the connection at a fixed time: who goes on sending does not put it off. */
function tell(socket: Socket, answer: AgentAnswer<unknown>, withinMs: number): void {
  const over = setTimeout(() => socket.destroy(), withinMs)
  socket.on('close', () => clearTimeout(over))
  socket.end(`${JSON.stringify(answer)}\n`)
}

function failure(error: unknown): AgentAnswer<never> {
  return error instanceof AgentError
    ? { ok: false, code: error.code, message: error.message, advice: error.advice }
    : { ok: false, code: 'FAILED', message: messageOf(error), advice: '' }
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
