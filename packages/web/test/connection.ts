interface Message {
  id?: number
  sessionId?: string
  method?: string
  params?: unknown
  result?: unknown
  error?: { message: string }
}

type Listener = (method: string, params: unknown) => void

const over = 'Chromium has closed the connection'

/** The Chrome DevTools Protocol over one WebSocket, with flat sessions. */
export class Connection {
  readonly #socket: WebSocket
  readonly #waiting = new Map<
    number,
    { resolve: (result: unknown) => void; reject: (error: Error) => void }
  >()
  readonly #listeners = new Map<string, Listener>()
  #last = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', (event) =>
      this.#take(JSON.parse(String(event.data)) as Message),
    )
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(over))
      this.#waiting.clear()
    })
  }

  static open(address: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address)
      socket.addEventListener('open', () => resolve(new Connection(socket)))
      socket.addEventListener('error', () => reject(new Error(`No connection to ${address}`)))
    })
  }

  /**
   * Sends a command and gives its result; the caller knows its form from the protocol's documentation.
   * @throws when Chromium refuses it, or ends before it has answered
   */
  send<T>(method: string, params: object, sessionId?: string): Promise<T> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error(over))
    this.#last += 1
    const id = this.#last
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as T), reject })
    })
  }

  listen(sessionId: string, listener: Listener): void {
    this.#listeners.set(sessionId, listener)
  }

  close(): void {
    this.#socket.close()
  }

  #take({ id, sessionId, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error.message))
    } else if (method !== undefined && sessionId !== undefined)
      this.#listeners.get(sessionId)?.(method, params)
  }
}
