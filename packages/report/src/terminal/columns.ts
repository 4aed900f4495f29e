/** Columns that a terminal gives `text` (already through `plain`): two for East Asian wide letters and emoji, none for accents. */
export function columns(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let sum = 0
  for (const character of text) sum += width(character)
  return sum
}

/** Cut in the middle to at most `room` columns: both ends of a path or a name tell the most. */
export function clip(text: string, room: number): string {
  if (columns(text) <= room) return text
  if (room <= 1) return '…'.slice(0, Math.max(0, room))
  const head = take([...text], Math.ceil((room - 1) / 2))
  const tail = take([...text].toReversed(), Math.floor((room - 1) / 2)).toReversed()
  return `${head.join('')}…${tail.join('')}`
}

/** Columns kept free for what `noCommand` adds. */
const ESCAPE = 3

/** Words laid in lines of at most `room` columns; what is longer than a line is broken. */
export function wrap(text: string, room: number): string[] {
  const free = room - ESCAPE
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    let rest = word
    if (line !== '' && columns(line) + 1 + columns(rest) > free) {
      lines.push(line)
      line = ''
    }
    while (columns(rest) > free) {
      const head = take([...rest], free).join('')
      lines.push(head)
      rest = rest.slice(head.length)
    }
    line = line === '' ? rest : `${line} ${rest}`
  }
  if (line !== '') lines.push(line)
  return lines.map(noCommand)
}

/** CI runners take `::name::` at the beginning of a line, after blanks, for a command to them. */
function noCommand(line: string): string {
  return line.replace(/^(\s*):(?=:)/, String.raw`$1\x3a`)
}

function take(characters: string[], room: number): string[] {
  const taken: string[] = []
  let left = room
  for (const character of characters) {
    left -= width(character)
    if (left < 0) break
    taken.push(character)
  }
  return taken
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

function width(character: string): number {
  if (/\p{M}/u.test(character)) return 0
  return wide.test(character) ? 2 : 1
}
