/** Lines that are kept for what follows: a key, or a code that was broken into lines. */
const MOST_KEPT = 64 * 1024

/** What the runner writes before each line of its log. */
const stamp = /^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}Z /gm
/** Colours of terminals. */
const colour = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, 'g')
/** It goes on in the next line. */
const open = /^(?:[A-Za-z0-9+/_-]{60,}|.{0,2}|.*-----BEGIN [^]*)$/

/** One log file's text, as it is written: in whole lines, and none of them apart from those that it belongs to. */
export class LogText {
  #bytes = Buffer.alloc(0)
  #kept = ''
  #line = 1

  /**
   * @param cut some of what follows is missing
   * @returns what can be looked at, and the number of its first line; null: more must come
   */
  add(data: Buffer, cut: boolean): { text: string; line: number } | null {
    const end = cut ? data.length : data.lastIndexOf(10) + 1
    const rest = data.subarray(end)
    if (end === 0 && this.#bytes.length + data.length < MOST_KEPT) {
      this.#bytes = Buffer.concat([this.#bytes, data])
      return null
    }
    const whole = end === 0 ? data : data.subarray(0, end)
    const text = Buffer.concat([this.#bytes, whole]).toString('utf8')
    this.#bytes = end === 0 ? Buffer.alloc(0) : Buffer.from(rest)
    this.#kept += text.replaceAll(stamp, '').replaceAll(colour, '')
    if (!cut && this.#kept.length < MOST_KEPT && this.#goesOn()) return null
    return this.#take()
  }

  /** What is left. */
  end(): { text: string; line: number } | null {
    this.#kept += this.#bytes.toString('utf8').replaceAll(stamp, '').replaceAll(colour, '')
    this.#bytes = Buffer.alloc(0)
    return this.#kept === '' ? null : this.#take()
  }

  #goesOn(): boolean {
    const last = this.#kept.trimEnd()
    const begin = last.lastIndexOf('-----BEGIN ')
    if (begin >= 0 && !last.slice(begin).includes('-----END ')) return true
    return open.test(last.slice(last.lastIndexOf('\n') + 1))
  }

  #take(): { text: string; line: number } {
    const taken = { text: this.#kept, line: this.#line }
    this.#line += this.#kept.split('\n').length - 1
    this.#kept = ''
    return taken
  }
}
