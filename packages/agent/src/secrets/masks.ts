import { type KnownSecret, shortestSecret } from './scanner.ts'

/** A line of `::add-mask::` as a step prints it, and its value as the runner escapes it. */
const command = /^\s*::add-mask::(.+)$/i
const escapes = { '%25': '%', '%0D': '\r', '%0A': '\n' } as const

/**
 * What a CI system takes out of its logs: one value a line, or a line `::add-mask::VALUE`. Of a value of several lines each
 * line is one, too, as logs are masked line by line.
 * @param only lines that are commands count, as in a log
 * @returns values long enough to be told from other text
 */
export function masksIn(text: string, only: 'commands' | 'any' = 'any'): KnownSecret[] {
  const masks: KnownSecret[] = []
  for (const line of text.split(/\r?\n/)) {
    const [, escaped] = command.exec(line) ?? []
    if (escaped === undefined && only === 'commands') continue
    const value = escaped?.replaceAll(/%(?:25|0D|0A)/g, (code) => escapes[code as '%25']) ?? line
    for (const one of new Set([value, ...value.split(/[\r\n]+/)]))
      if (one.length >= shortestSecret) masks.push({ name: 'mask', value: one, masked: true })
  }
  return masks
}
