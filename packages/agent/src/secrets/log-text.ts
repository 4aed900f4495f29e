/** Lines that are kept for what follows: a key, or a code that was broken into lines. */
const MOST_KEPT = 64 * 1024
/** Of what is longer its end is looked at again with what follows: a secret, or what it is encoded in, may be on the border. */
const OVERLAP = 16 * 1024

/** What the runner writes before each line of its log. */
const stamp = /^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,7}Z /gm
const escape = String.fromCharCode(27)
/** What terminals do not show (ECMA-48): control sequences, as colours; the end of a link. What a link leads to is looked at. */
const unseen = new RegExp(
  String.raw`${escape}(?:\[[0-?]*[ -/]*[@-~]|\]8;;(?:${escape}\\|\u0007))`,
  'g',
)
/** It goes on in the next line. */
const open = /^(?:[A-Za-z0-9+/_-]{60,}|.{0,2}|.*-----BEGIN [^]*)$/

/** A part of a log, and the number of its first line. */
export interface LogPart {
  text: string
  line: number
}

/** One log file's text, as it is written: in whole lines, and none of them apart from those that it belongs to. */
export class LogText {
  #bytes = Buffer.alloc(0)
  #kept = ''
  #line = 1

  /**
   * @param cut some of what follows is missing
   * @returns what can be looked at; null: more must come
   */
  add(data: Buffer, cut: boolean): LogPart | null {
    const bytes = Buffer.concat([this.#bytes, data])
    const whole = cut ? bytes.length : bytes.lastIndexOf(10) + 1
    const isLong = bytes.length - whole >= MOST_KEPT
    const end = isLong ? bytes.length : whole
    this.#bytes = Buffer.from(bytes.subarray(end))
    if (end === 0) return null
    this.#keep(bytes.subarray(0, end))
    if (cut || (!isLong && !this.#goesOn())) return this.#take(0)
    return isLong || this.#kept.length >= MOST_KEPT ? this.#take(OVERLAP) : null
  }

  /** What is left. */
  end(): LogPart | null {
    this.#keep(this.#bytes)
    this.#bytes = Buffer.alloc(0)
    return this.#kept === '' ? null : this.#take(0)
  }

  #keep(bytes: Buffer): void {
    this.#kept += bytes.toString('utf8').replaceAll(stamp, '').replaceAll(unseen, '')
  }

  #goesOn(): boolean {
    const last = this.#kept.trimEnd()
    const begin = last.lastIndexOf('-----BEGIN ')
    if (begin >= 0 && !last.slice(begin).includes('-----END ')) return true
    return open.test(last.slice(last.lastIndexOf('\n') + 1))
  }

  /** @param again characters at the end that are looked at once more, with what follows */
  #take(again: number): LogPart {
    const taken = { text: this.#kept, line: this.#line }
    this.#kept = again === 0 ? '' : taken.text.slice(-again)
    this.#line += breaksIn(taken.text) - breaksIn(this.#kept)
    return taken
  }
}

function breaksIn(text: string): number {
  return text.split('\n').length - 1
}
