interface Message {
  id?: number
  sessionId?: string
  method?: string
  params?: unknown
  result?: unknown
  error?: { message: string }
}

type Listener = (method: string, params: unknown) => void

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
  }

  static open(address: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address)
      socket.addEventListener('open', () => resolve(new Connection(socket)))
      socket.addEventListener('error', () => reject(new Error(`No connection to ${address}`)))
    })
  }

  /** Sends a command and gives its result; the caller knows its form from the protocol's documentation. */
  send<T>(method: string, params: object, sessionId?: string): Promise<T> {
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
