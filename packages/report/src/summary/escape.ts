import { plain } from '@runwarden/events/plain'

/**
 * Text from the job inside GitHub's Markdown: code, in which GitHub makes no links, mentions or
 * references. What a code span cannot hold (backticks, pipes of tables) or what a careless reader of
 * the file could take for markup is written as character references inside `<code>`.
 * Source: GitHub Flavored Markdown §2.5 (references are never structure), §6.1, §4.10.
 */
export function code(text: string, limit = 300): string {
  return span(plain(text, limit))
}

function span(shown: string): string {
  if (shown === '') return ''
  if (
    /^[\w./:=,+%~^()[\]{}'"!?›@#&*; -]+$/.test(shown) &&
    shown === shown.trim() &&
    !shown.includes('](')
  ) {
    return `\`${shown}\``
  }
  // GitHub links addresses of mail in the text that references stand for, where it is in one piece.
  const pieces = shown.split(/(?<=[\w.+-]@)(?=[\w-])/)
  return pieces.map((piece) => `<code>${references(piece)}</code>`).join('')
}

/** Not for markup: letters, digits, and signs where they mean nothing. */
const meaningful = /[^\p{L}\p{N} ,.;()'"=/…_:-]|:(?! |$)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
/** Before a sentence: a rule, the underline of a heading, an item of a list. */
const opening = /^[-=]|(?<=^\d{1,9})[.)]/u

/**
 * Of these GitHub makes links, mentions, references, emoji and formulas, also where the text has them by character
 * references: it looks through the page that came of it, code left out.
 */
const linked = /@|:\/\/|www\.|#\d|\bGH-\d|^\W*[0-9a-f]{7,}\W*$|:[\w+-]+:|\$/i

/** A sentence that may hold text of the job: no markup, no links, no mentions. */
export function sentence(text: string, limit = 2_000): string {
  return plain(text, limit)
    .trim()
    .split(' ')
    .map((word, index) => {
      if (linked.test(word)) return span(word)
      const shown = references(word, meaningful)
      return index === 0 ? references(shown, opening) : shown
    })
    .join(' ')
}

function references(text: string, pattern = /[^\p{L}\p{N} ,/=.…-]|www\./giu): string {
  return text.replace(pattern, (found) =>
    [...found].map((one) => `&#${one.codePointAt(0)};`).join(''),
  )
}

/** Lines that cannot end the code block they stand in. */
export function fenced(text: string): string {
  return text
    .replaceAll('```', String.raw`\x60\x60\x60`)
    .replaceAll(/[^\n -~]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
}
