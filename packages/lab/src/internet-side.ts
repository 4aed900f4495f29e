import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endProcesses, namespaceOf, processesIn } from './processes.ts'
import { LabError, type LabErrorCode } from './error.ts'
import type { Answer, Answers, Command } from './internet/protocol.ts'

interface Waiting {
  code: LabErrorCode
  resolve(value: never): void
  reject(error: LabError): void
}

/** The child process that is the lab's internet, in a network namespace of its own. */
export class InternetSide {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<number, Waiting>()
  #said = ''
  #lastId = 0

  constructor() {
    const main = fileURLToPath(new URL('internet/main.ts', import.meta.url))
    this.#child = spawn('unshare', ['--net', '--', process.execPath, '--no-warnings', main], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    })
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-4000)
    })
    this.#child.once('error', (error) => this.#failAll(error.message))
    this.#child.once('close', (code) => this.#failAll(`it ended (${code}): ${this.#said}`))
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(line))
  }

  /** Process that holds the internet's network namespace. */
  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Asks the internet side; `code` is that of the error when it can't. */
  ask<C extends Command>(command: C, code: LabErrorCode): Promise<Answers[C['do']]> {
    return new Promise((resolve, reject) => {
      if (this.#child.exitCode !== null || this.#child.stdin.destroyed) {
        reject(new LabError('LAB_ENDED', `this lab has ended; ${command.do} can't be done`))
        return
      }
      const id = ++this.#lastId
      this.#waiting.set(id, { code, resolve, reject })
      this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const namespace = namespaceOf(this.pid)
    if (namespace !== null) {
      await endProcesses(() => processesIn(namespace).filter((pid) => pid !== this.pid))
    }
    await ended(this.#child)
  }

  #take(line: string): void {
    const answer = JSON.parse(line) as Answer
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (waiting === undefined) return
    if ('error' in answer) waiting.reject(new LabError(waiting.code, answer.error))
    // The answer's type follows from the command's; ids tie them together.
    else waiting.resolve(answer.ok as never)
  }

  #failAll(why: string): void {
    for (const { code, reject } of this.#waiting.values()) {
      reject(new LabError(code, `the lab's internet side failed: ${why}`))
    }
    this.#waiting.clear()
  }
}

/** Ends a child that ends when its standard input does. */
export function ended(child: ChildProcessWithoutNullStreams): Promise<void> {
  return new Promise((resolve) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      resolve()
      return
    }
    child.once('close', () => resolve())
    child.stdin.destroy()
    child.kill('SIGKILL')
  })
}
