import { styleText, stripVTControlCharacters } from 'node:util'

/** How the demo marks its text: with colours where the output is a terminal that has them. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
  rule(title: string): string
  verdict(word: string): string
}

/** A style for a stream; NO_COLOR and FORCE_COLOR count. */
export function styleFor(stream: NodeJS.WriteStream): Style {
  const as = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(format, text, { stream })
  const columns = Math.min(stream.columns ?? 96, 96)
  return {
    bold: as('bold'),
    dim: as('dim'),
    good: as('green'),
    bad: as('red'),
    rule: (title) =>
      as('dim')(`── ${title} ${'─'.repeat(Math.max(0, columns - title.length - 4))}`),
    verdict: (word) => as(word === 'would-block' ? 'yellow' : 'red')(word),
  }
}

/** Text of a job as it may be shown: attacker-controlled, so without control characters. */
export function harmless(text: string): string {
  return Array.from(stripVTControlCharacters(text), (one) =>
    (one.codePointAt(0) ?? 0) < 0x20 || one === '\u007f' ? '�' : one,
  ).join('')
}
