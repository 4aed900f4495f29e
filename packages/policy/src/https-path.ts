/** Whether a rule can name a method: capitals, as all registered ones are (`PROPFIND`, `VERSION-CONTROL`). */
export function isMethod(text: string): boolean {
  return text.length <= 32 && /^[A-Z]+(-[A-Z]+)*$/.test(text)
}

/** Requests' paths are told up to here. */
const MAX_PATH = 2048
const unreserved = /^[A-Za-z0-9_~-]$/

/**
 * The segments of a request's path as rules compare them: escapes of plain characters are undone, others have capital
 * digits. Null where servers could take it for another path than it looks like: dot segments, empty segments, a
 * backslash, escapes of these or of "%", parameters behind dots, a "#", control characters; and where it may have been cut.
 */
export function pathSegments(path: string): string[] | null {
  if (path.length >= MAX_PATH) return null
  if (!path.startsWith('/') || !/^[\x21-\x7e]*$/.test(path) || /[\\#]/.test(path)) return null
  if (/%(?![0-9a-f]{2})/i.test(path) || /%(?:2e|2f|5c|25|[01][0-9a-f]|7f)/i.test(path)) return null
  const segments = withoutPlainEscapes(path).slice(1).split('/')
  const odd = segments.some((part, i) => isDots(part) || (part === '' && i < segments.length - 1))
  return odd ? null : segments
}

/** Whether there may have been more of a path: by its bytes, of which characters have up to three. */
export function mayBeCut(path: string): boolean {
  return path.length >= (/^[\x21-\x7e]*$/.test(path) ? MAX_PATH : MAX_PATH / 3)
}

/** A path in which escapes of plain characters are undone, and others have capital digits. */
export function withoutPlainEscapes(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return unreserved.test(character) ? character : escape.toUpperCase()
  })
}

/** Whether a segment is `.` or `..`, with parameters or without. */
export function isDots(segment: string): boolean {
  return /^\.{1,2}(?:;|$)/.test(segment)
}

/** Whether a list fits a pattern, of which `isMany` parts stand for any number of others. Linear but for the last of them. */
function fits<T>(
  pattern: ArrayLike<T>,
  list: ArrayLike<T>,
  isMany: (part: T) => boolean,
  isOne: (part: T, of: T) => boolean,
): boolean {
  let at = 0
  let many = -1
  let resume = 0
  for (let i = 0; i < list.length;) {
    const part = pattern[at]
    if (at < pattern.length && part !== undefined && isMany(part)) {
      many = at++
      resume = i
    } else if (at < pattern.length && part !== undefined && isOne(part, list[i] as T)) {
      at++
      i++
    } else if (many >= 0) {
      at = many + 1
      i = ++resume
    } else return false
  }
  while (at < pattern.length && isMany(pattern[at] as T)) at++
  return at === pattern.length
}

/** Whether a path fits a pattern: `*` stands for characters of one segment, `**` for any number of segments. */
export function fitsPath(pattern: string, segments: readonly string[]): boolean {
  const parts = pathSegments(pattern)
  if (parts === null) return false
  return fits(
    parts,
    segments,
    (part) => part === '**',
    (part, of) =>
      fits(
        part,
        of,
        (c) => c === '*',
        (c, d) => c === d,
      ),
  )
}
