import type { Duplex } from 'node:stream'
import { VmError } from './error.ts'

export interface CommandResult {
  /** As a shell says it: 128 + n after signal n. */
  status: number
  stdout: string
  stderr: string
}

/** The host's end of the protocol that init.sh speaks. */
export class GuestPort {
  readonly #stream: Duplex
  #received: Buffer[] = []
  #length = 0
  #more = Promise.withResolvers<void>()
  #ended: Error | undefined

  constructor(stream: Duplex) {
    this.#stream = stream
    stream.on('data', (bytes: Buffer) => {
      this.#received.push(bytes)
      this.#length += bytes.length
      this.#wake()
    })
    // The end of qemu, which closes the port, is told by whoever watches the process.
    stream.on('error', () => {})
  }

  /** Makes every present and future wait fail. */
  end(reason: Error): void {
    this.#ended ??= reason
    this.#wake()
  }

  async ready(): Promise<void> {
    await this.#line()
  }

  /** Runs a shell script in the guest; `seconds` is what the guest gives it. */
  async run(script: string, seconds: number): Promise<CommandResult> {
    const body = Buffer.from(script)
    this.#stream.write(Buffer.concat([Buffer.from(`${seconds} ${body.length}\n`), body]))
    const [status = 0, expired, out = 0, err = 0] = (await this.#line()).split(' ').map(Number)
    const stdout = (await this.#bytes(out)).toString()
    const stderr = (await this.#bytes(err)).toString()
    if (expired === 1) {
      throw new VmError(
        'VM_TIMEOUT',
        `the guest's command took more than ${seconds} s: ${script}\n${stdout}${stderr}`,
      )
    }
    return { status, stdout, stderr }
  }

  async #line(): Promise<string> {
    for (;;) {
      const joined = this.#joined()
      const end = joined.indexOf('\n')
      if (end >= 0) return (await this.#bytes(end + 1)).toString().trim()
      await this.#wait()
    }
  }

  async #bytes(count: number): Promise<Buffer> {
    while (this.#length < count) await this.#wait()
    const joined = this.#joined()
    this.#received = [joined.subarray(count)]
    this.#length -= count
    return joined.subarray(0, count)
  }

  #joined(): Buffer {
    const joined = this.#received.length === 1 ? this.#received[0]! : Buffer.concat(this.#received)
    this.#received = [joined]
    return joined
  }

  async #wait(): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended
    await this.#more.promise
  }

  #wake(): void {
    this.#more.resolve()
    this.#more = Promise.withResolvers()
  }
}
