/** The known word that is nearest to a mistyped one; null when none is near. */
export function nearestWord(text: string, known: Iterable<string>): string | null {
  const typed = plain(text)
  if (typed === '' || typed.length > 64) return null
  let best: string | null = null
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1
  for (const word of known) {
    const distance = editDistance(typed, plain(word))
    if (distance < least) {
      least = distance
      best = word
    }
  }
  return best
}

/** Case, underscores and camel case are what people mix up first. */
function plain(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[_\s]/g, '-')
    .trim()
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let value = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, (before[j - 2] ?? 0) + 1)
      }
      row.push(value)
    }
    before = last
    last = row
  }
  return last[b.length] ?? 0
}
