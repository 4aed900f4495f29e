import { plain } from '@runwarden/events/plain'

/**
 * Text from the job inside GitHub's Markdown: code, in which GitHub makes no links, mentions or
 * references. What a code span cannot hold (backticks, pipes of tables) or what a careless reader of
 * the file could take for markup is written as character references inside `<code>`.
 * Source: GitHub Flavored Markdown §2.5 (references are never structure), §6.1, §4.10.
 */
export function code(text: string, limit = 300): string {
  const shown = plain(text, limit)
  if (shown === '') return ''
  if (
    /^[\w./:=,+%~^()[\]{}'"!?› -]+$/.test(shown) &&
    shown === shown.trim() &&
    !shown.includes('](')
  ) {
    return `\`${shown}\``
  }
  return `<code>${references(shown)}</code>`
}

/** Not for markup, links, mentions, references or emoji: letters, digits, and signs where they mean nothing. */
const meaningful =
  /[^\p{L}\p{N} ,.;()'"=/…_:-]|^[-=]|:(?! |$)|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|www\./giu

/** A sentence that may hold text of the job: no markup, no links, no mentions. */
export function sentence(text: string, limit = 2_000): string {
  return references(plain(text, limit), meaningful)
}

function references(text: string, pattern = /[^\p{L}\p{N} ,/=.…-]|www\./giu): string {
  return text.replaceAll(pattern, (found) =>
    [...found].map((one) => `&#${one.codePointAt(0)};`).join(''),
  )
}

/** Lines that cannot end the code block they stand in. */
export function fenced(text: string): string {
  return text
    .replaceAll('```', String.raw`\x60\x60\x60`)
    .replaceAll(/[^\n -~]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
}
