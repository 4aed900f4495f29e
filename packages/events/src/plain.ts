/**
 * Text from a job is attacker-controlled: it may hold terminal escapes, line breaks, characters that
 * turn the reading direction or that nobody sees. Every place that shows such text to a person shows it
 * through `plain`. (No imports: the report page and the command's hot path load this file alone.)
 */

/** Controls, format and invisible characters, blanks other than U+0020, what has no meaning, lone halves of pairs. */
const unseen = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}`
/** The fourth and further accents piled on one letter, which would run over the lines above and below. */
const piled = String.raw`(?<=\p{M}{3})\p{M}`
/** A backslash of the text's own that would read as one of our escapes. */
const backslash = String.raw`\\(?=[\\nrtxu]|${unseen})`
/** What CI runners take for a command to them, wherever in a line of output it stands. */
const command = '#(?=#\\[)'
const pattern = new RegExp(`${backslash}|${unseen}|${piled}|${command}`, 'gu')
/** Nearly all text is this, and done with one test. */
const harmless = /^[ -"$-[\]-~]*$/

const short: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escape(character: string): string {
  const known = short[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`
}

/**
 * `text` on one line, with everything that acts on a terminal or hides from the eye written out
 * (`\n`, `\x1b`, `\u{202e}`). A backslash is doubled where it could be taken for such an escape,
 * so no two texts look the same. Not HTML or Markdown escaping.
 *
 * @param limit characters to show at most; what is cut is counted: `… (+1234)`.
 */
export function plain(text: string, limit = 4096): string {
  const cut = text.length > limit
  const shown = cut ? text.slice(0, limit) : text
  const escaped = harmless.test(shown) ? shown : shown.replace(pattern, escape)
  return cut ? `${escaped}… (+${text.length - limit})` : escaped
}

/** Arguments as a command line that a person can read, each argument through `plain`. */
export function plainCommand(argv: readonly string[], limit = 4096): string {
  let line = ''
  for (const [index, argument] of argv.entries()) {
    if (line.length > limit) return `${line} … (+${argv.length - index} arguments)`
    const text = plain(argument, limit)
    const bare = /^[\w@%+=:,./~^{}[\]-]+$/u.test(text)
    line += (index === 0 ? '' : ' ') + (bare ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`)
  }
  return line
}
