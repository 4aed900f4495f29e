/**
 * A run of base64, also over lines as base64(1) breaks it; of hexadecimal digits, as xxd(1) does. What stands before is looked at
 * so that no place in a short word is tried for its rest, which takes twice as long.
 */
const base64Run = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]+)*/g
const hexRun = /(?:[0-9a-fA-F]{2}){8,}(?:\r?\n(?:[0-9a-fA-F]{2})+)*/g
/** Single characters with the same thing between them. */
const spacedRun = /[\w+/=.:-](?:([ ,|\t\n]|\r\n)[\w+/=.:-])(?:\1[\w+/=.:-]){12,}/g

/**
 * A part of a run of base64, behind what its alphabet has beside letters and digits: a path, a name. The code of text has these
 * itself only for `>`, `?`, `~` at the end of three bytes, so that a part begins where three bytes do.
 */
const base64Part = /(?<![A-Za-z0-9])[A-Za-z0-9]{24,}/g
/** Of what goes on as something else than text, so many bytes of text must have come before. */
const leastRead = 16

/** How the bytes were read that a text was made of. */
export type Encoding = 'utf8' | 'latin1'

export interface Decoded {
  form: 'base64' | 'hexadecimal' | 'separated'
  text: string
  /** Where its code begins. */
  index: number
}

/** What the codes in a text say, as far as it is text. */
export function* decodedIn(text: string, encoding: Encoding): Generator<Decoded> {
  for (const { 0: run, index } of text.matchAll(base64Run)) {
    const said = saidBy(run, 'base64', encoding)
    if (said !== '') yield { form: 'base64', text: said, index }
  }
  for (const { 0: run, index } of text.matchAll(hexRun)) {
    const said = saidBy(run, 'hex', encoding)
    if (said !== '') yield { form: 'hexadecimal', text: said, index }
  }
  for (const { 0: run, 1: between = '', index } of text.matchAll(spacedRun))
    yield { form: 'separated', text: run.replaceAll(between, ''), index }
}

/** What a run of a code says, in each way that it can be read, a line each; empty: no text. */
export function saidBy(run: string, code: 'base64' | 'hex', encoding: Encoding): string {
  if (!run.includes('\n')) {
    if (code === 'hex') return beginning(Buffer.from(run, code), encoding)
    const said = base64Says(run, encoding)
    return said === '' && run.length > 24 ? saidByParts(run, encoding) : said
  }
  const lines = run.split(/\r?\n/)
  const said = new Set<string>()
  for (const part of [...foldedIn(lines), ...lines])
    if (part.length >= leastRead) said.add(saidBy(part, code, encoding))
  said.delete('')
  return [...said].join('\n')
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const sextets = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  return Math.max(0, alphabet.indexOf({ '-': '+', _: '/' }[char] ?? char))
})

/** What base64 says, or nothing, as of most words and digests: they are not decoded for it. */
function base64Says(run: string, encoding: Encoding): string {
  const sextet = (at: number): number => sextets[run.charCodeAt(at)] ?? 0
  const first = (sextet(0) << 2) | (sextet(1) >> 4)
  const second = ((sextet(1) & 15) << 4) | (sextet(2) >> 2)
  if (!mayBegin(first) || (first < 128 && !mayBegin(second))) return ''
  return beginning(Buffer.from(run, 'base64'), encoding)
}

function saidByParts(run: string, encoding: Encoding): string {
  let said = ''
  for (const { 0: part } of run.matchAll(base64Part)) {
    if (part.length === run.length) return ''
    const text = base64Says(part, encoding)
    if (text !== '') said += `${text}\n`
  }
  return said
}

/** Lines that may be one code, put together: equally long ones, and a shorter one that ends it, or comes after its end. */
function foldedIn(lines: readonly string[]): string[] {
  const folded: string[] = []
  let width = 0
  for (const line of lines) {
    if (line.length > width) folded.push(line)
    else folded.push((folded.pop() ?? '') + line)
    width = line.length < width ? 0 : line.length
  }
  return folded
}

/** As text, as far as it is some: what is compressed, encrypted or a digest is not. */
function beginning(bytes: Buffer, encoding: Encoding): string {
  let at = 0
  let isAscii = true
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0
    if (byte > 127) {
      const more = followsIn(bytes, at)
      if (more === 0) break
      at += more
      isAscii = false
    } else if (!mayBegin(byte)) break
    at++
  }
  if (at < bytes.length && at < leastRead) return ''
  return bytes.toString(isAscii ? 'latin1' : encoding, 0, at)
}

/** Whether a character may begin so, in UTF-8. */
function mayBegin(byte: number): boolean {
  return (byte > 31 && byte < 127) || (byte > 8 && byte < 14) || (byte > 0xc1 && byte < 0xf5)
}

/** Bytes that follow the first one of a character in UTF-8; 0: it is none. */
function followsIn(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0
  if (!mayBegin(byte)) return 0
  const more = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
  for (let i = 1; i <= more; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return more
}

const controls = new Map<string | undefined, string>([
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** Codes of single characters, between which the rest of a line stays as it is. */
const charCode = /(?:%[0-9a-fA-F]{2})+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/g

export type LineForm = 'percent-encoded' | 'JSON-escaped'

/** Lines in which characters are coded, decoded. What has both codes is JSON with addresses in it. */
export function* decodedLinesIn(
  text: string,
  encoding: Encoding,
): Generator<{ form: LineForm; text: string; index: number }> {
  for (const [line, index] of linesWith(charCode, text)) {
    let form: LineForm = 'percent-encoded'
    const decoded = line.replaceAll(charCode, (code) => {
      if (code.startsWith('%'))
        return Buffer.from(code.replaceAll('%', ''), 'hex').toString(encoding)
      form = 'JSON-escaped'
      if (code[1] === 'u') return String.fromCharCode(parseInt(code.slice(2), 16))
      return controls.get(code[1]) ?? code[1] ?? ''
    })
    yield { form, text: decoded, index }
  }
}

/** Lines in which the pattern is, each with where it begins. */
function* linesWith(pattern: RegExp, text: string): Generator<[line: string, at: number]> {
  let end = -1
  for (const { index } of text.matchAll(pattern)) {
    if (index <= end) continue
    const begin = text.lastIndexOf('\n', index) + 1
    end = text.indexOf('\n', index)
    if (end < 0) end = text.length
    yield [text.slice(begin, end), begin]
  }
}
