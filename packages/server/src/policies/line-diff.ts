/** Lines that are compared one by one; where more differ, all of the old are told as gone and all of the new as added. */
const most = 500
/** Lines of both that are shown around a change. */
const context = 3

interface Line {
  mark: ' ' | '-' | '+'
  text: string
}

/** How one text became another, as `diff -u` has it without its first two lines; empty: they are equal. */
export function lineDiff(before: string, after: string): string {
  const lines = compare(linesOf(before), linesOf(after))
  let shown = ''
  let oldLine = 1
  let newLine = 1
  for (let at = 0; at < lines.length;) {
    const start = lines.findIndex(({ mark }, index) => index >= at && mark !== ' ')
    if (start < 0) break
    const from = Math.max(at, start - context)
    let end = start
    for (let next = start; next < lines.length && next <= end + 2 * context; next++)
      if (lines[next]?.mark !== ' ') end = next
    const to = Math.min(lines.length, end + context + 1)
    // Until here all lines are in both.
    oldLine += from - at
    newLine += from - at
    const hunk = lines.slice(from, to)
    const olds = hunk.filter(({ mark }) => mark !== '+').length
    const news = hunk.filter(({ mark }) => mark !== '-').length
    shown += `@@ -${first(oldLine, olds)},${olds} +${first(newLine, news)},${news} @@\n`
    for (const { mark, text } of hunk) shown += `${mark}${text}\n`
    oldLine += olds
    newLine += news
    at = to
  }
  return shown
}

/** Where a hunk begins; one of no lines, behind the line before it. */
const first = (line: number, count: number): number => (count === 0 ? line - 1 : line)

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))

const gone = (text: string): Line => ({ mark: '-', text })
const added = (text: string): Line => ({ mark: '+', text })
const same = (text: string): Line => ({ mark: ' ', text })

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  const shorter = Math.min(before.length, after.length)
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return [
    ...before.slice(0, head).map(same),
    ...between(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ]
}

/** By the longest common subsequence. */
function between(before: readonly string[], after: readonly string[]): Line[] {
  if (before.length > most || after.length > most) return [...before.map(gone), ...after.map(added)]
  const width = after.length + 1
  const common = new Uint16Array((before.length + 1) * width)
  const at = (i: number, j: number): number => common[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  const lines: Line[] = []
  let i = 0
  let j = 0
  while (i < before.length || j < after.length) {
    const old = before[i]
    const now = after[j]
    if (old !== undefined && old === now) {
      lines.push({ mark: ' ', text: old })
      i++
      j++
    } else if (old !== undefined && (now === undefined || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(gone(old))
      i++
    } else if (now !== undefined) {
      lines.push(added(now))
      j++
    }
  }
  return lines
}
