export interface ChangedLine {
  sign: '+' | '-' | ' '
  text: string
}

/** Lines that stay, around those that change. */
const around = 2

/** What differs between two documents: what both begin and end with is left out. */
export function changedLines(before: string, after: string): ChangedLine[] {
  const [old, now] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++
  let end = 0
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end))
    end++
  const signed = (sign: ChangedLine['sign'], lines: readonly string[]): ChangedLine[] =>
    lines.map((text) => ({ sign, text }))
  return [
    ...signed(' ', now.slice(Math.max(0, start - around), start)),
    ...signed('-', old.slice(start, old.length - end)),
    ...signed('+', now.slice(start, now.length - end)),
    ...signed(' ', now.slice(now.length - end, now.length - end + around)),
  ]
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
