import { plain } from '@runwarden/events/plain'

/** Characters of one line, and lines of one text. */
const longestLine = 2_000
const mostLines = 60
const mostNumbered = 1_000
/** Characters of one annotation: the runner cuts at 4,096 without saying so (`ExecutionContext.cs`). */
const longestAnnotation = 4_000

type Level = 'error' | 'warning' | 'notice'

/**
 * Writes to the build log. Whatever a text holds, it stays text: what would act on a terminal or hides from the eye is written
 * out, and no line of it is a command to the runner. Source: `ActionCommand.cs` of actions/runner: `::` at the start of a
 * line behind blanks, `##[` anywhere in one.
 */
export class Log {
  readonly #write: (text: string) => void

  constructor(write: (text: string) => void = (text) => void process.stdout.write(text)) {
    this.#write = write
  }

  /** Text of one or more lines. */
  line(text: string): void {
    this.#write(
      linesOf(text)
        .map((line) => `${notCommand(line)}\n`)
        .join(''),
    )
  }

  /** Lines that are folded away under a title. */
  group(title: string, lines: readonly string[]): void {
    this.#write(`::group::${dataOf(plain(title, 200))}\n`)
    for (const line of lines) this.line(line)
    this.#write('::endgroup::\n')
  }

  /** A text whose lines others refer to by number, folded away under a title. */
  document(title: string, text: string): void {
    const lines = text.replace(/\n$/, '').split('\n')
    const shown = lines.slice(0, mostNumbered).map((line, index) => `${index + 1}  ${line}`)
    if (lines.length > mostNumbered) shown.push(`… and ${lines.length - mostNumbered} more lines`)
    this.group(title, shown)
  }

  notice(message: string, title?: string): void {
    this.#annotate('notice', message, title)
  }

  warning(message: string, title?: string): void {
    this.#annotate('warning', message, title)
  }

  error(message: string, title?: string): void {
    this.#annotate('error', message, title)
  }

  /** Has the runner take a value out of all logs. */
  mask(secret: string): void {
    for (const line of secret.split(/[\r\n]+/))
      if (line.trim() !== '') this.#write(`::add-mask::${dataOf(line)}\n`)
  }

  #annotate(level: Level, message: string, title: string | undefined): void {
    const properties = title === undefined ? '' : ` title=${propertyOf(plain(title, 200))}`
    const text = linesOf(message).map(notCommand).join('\n')
    const cut = text.length > longestAnnotation ? `${text.slice(0, longestAnnotation)}…` : text
    this.#write(`::${level}${properties}::${dataOf(cut.toWellFormed())}\n`)
  }
}

/** Each line through `plain`. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n/)
  const shown = lines.slice(0, mostLines).map((line) => plain(line, longestLine))
  if (lines.length > mostLines) shown.push(`… and ${lines.length - mostLines} more lines`)
  return shown
}

/** `plain` writes out `##[` and every blank but U+0020. */
function notCommand(line: string): string {
  return line.replace(/^( *):(?=:)/, String.raw`$1\x3a`)
}

/** Escapes of the runner's commands. */
function dataOf(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function propertyOf(text: string): string {
  return dataOf(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
