import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type {
  AgentAnswer,
  AgentRequest,
  Armed,
  JobReport,
  JobRequest,
  JobStatus,
} from '@runwarden/events'

/** The agent refused, or could not be asked. */
export class AgentRefusal extends Error {
  /** Of the agent; `UNREACHABLE`, `SILENT` or `NONSENSE` when it has not answered. */
  readonly code: string
  /** What to do; may be empty. */
  readonly advice: string

  constructor(code: string, message: string, advice = '') {
    super(message)
    this.name = 'AgentRefusal'
    this.code = code
    this.advice = advice
  }
}

/** How long the agent may take for each thing, ms: on a busy machine it arms within seconds. */
const patience = { begin: 180_000, status: 15_000, report: 120_000, end: 60_000 } as const
/** How long an agent that is not there is waited for, ms. */
const comesBackMs = 20_000
/** Bytes of an answer. */
const most = 1024 * 1024

/** The agent at a socket, as one job's action asks it. */
export class AgentClient {
  readonly #socket: string
  readonly #nonce: string

  constructor(socket: string, nonce: string) {
    this.#socket = socket
    this.#nonce = nonce
  }

  /** Arms the job. @throws AgentRefusal */
  begin(job: JobRequest): Promise<Armed> {
    return this.#ask({ op: 'begin', nonce: this.#nonce, job })
  }

  /** @throws AgentRefusal */
  status(): Promise<JobStatus> {
    return this.#ask({ op: 'status', nonce: this.#nonce })
  }

  /** Has the reports written; the policy stays in force. @throws AgentRefusal */
  report(): Promise<JobReport> {
    return this.#ask({ op: 'report', nonce: this.#nonce })
  }

  /** Ends the job. @throws AgentRefusal */
  async end(): Promise<void> {
    await this.#ask({ op: 'end', nonce: this.#nonce })
  }

  async #ask<Value>(request: AgentRequest): Promise<Value> {
    const line = await this.#exchange(request)
    let answer: AgentAnswer<Value>
    try {
      answer = JSON.parse(line) as AgentAnswer<Value>
    } catch {
      throw new AgentRefusal('NONSENSE', `the agent at ${this.#socket} did not answer in JSON`)
    }
    if (!answer.ok) throw new AgentRefusal(answer.code, answer.message, answer.advice)
    return answer.value
  }

  /** An agent that was killed is started again, and one that others keep busy has room again, soon. */
  async #exchange(request: AgentRequest): Promise<string> {
    const until = performance.now() + comesBackMs
    for (;;) {
      try {
        return await exchange(this.#socket, `${JSON.stringify(request)}\n`, patience[request.op])
      } catch (error) {
        const gone = error instanceof AgentRefusal && error.code === 'UNREACHABLE'
        if (!gone || performance.now() > until) throw error
        await delay(250)
      }
    }
  }
}

/** Sends one line and takes one line. */
function exchange(path: string, line: string, patienceMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = createConnection({ path, allowHalfOpen: true })
    const limit = setTimeout(() => {
      fail('SILENT', `the agent at ${path} has not answered within ${patienceMs / 1000} s`)
    }, patienceMs)
    const fail = (code: string, message: string): void => {
      clearTimeout(limit)
      socket.destroy()
      reject(new AgentRefusal(code, message))
    }
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(line))
    socket.on('error', ({ message }) =>
      fail('UNREACHABLE', `the agent cannot be asked at ${path}: ${message}`),
    )
    socket.on('data', (text: string) => {
      answer += text
      if (answer.length > most) fail('NONSENSE', `the agent at ${path} does not stop answering`)
    })
    socket.on('end', () => {
      clearTimeout(limit)
      socket.destroy()
      if (answer.endsWith('\n')) resolve(answer)
      else reject(new AgentRefusal('UNREACHABLE', `the agent at ${path} ended while it was asked`))
    })
  })
}
