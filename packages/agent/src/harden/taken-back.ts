/**
 * Takes a change of lines back out of a text that others have changed since. Of a group's line (/etc/group, /etc/gshadow) only that is
 * taken back which the change made of it; any other line is one that it added.
 * @returns the text, and what of the change stays
 */
export function takenBack(
  now: string,
  before: string,
  after: string,
): { text: string; stays: string[] } {
  const were = without(before.split('\n'), after.split('\n'))
  const lines = now.split('\n')
  const stays: string[] = []
  for (const made of without(after.split('\n'), before.split('\n'))) {
    // The end of a last line.
    if (made === '') continue
    const was = were.find((line) => nameOf(line) === nameOf(made))
    const at =
      was === undefined
        ? lines.lastIndexOf(made)
        : lines.findIndex((line) => nameOf(line) === nameOf(was))
    if (was === undefined) {
      if (at !== -1) lines.splice(at, 1)
    } else if (at === -1) {
      stays.push(`group ${nameOf(was)} is gone`)
    } else {
      const others = lines.filter((_, i) => i !== at)
      lines[at] = groupTakenBack({ now: lines[at] ?? '', was, made }, others, stays)
    }
  }
  return { text: lines.join('\n'), stays }
}

/** Of two lists of lines, what the first one has more. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

/** Of a group; any other line is its own name. */
function nameOf(line: string): string {
  const fields = line.split(':')
  return fields.length === 4 ? (fields[0] ?? '') : line
}

function groupTakenBack(
  { now, was, made }: { now: string; was: string; made: string },
  others: readonly string[],
  stays: string[],
): string {
  const [wasFields, madeFields] = [was.split(':'), made.split(':')]
  return now
    .split(':')
    .map((field, i) => {
      const [old = '', ours = ''] = [wasFields[i], madeFields[i]]
      if (old === ours || i < 2) return field
      if (i === 2 && /^\d+$/.test(old)) {
        if (field !== ours) return field
        // Who has it now would have the files of the one, and the other's members its own.
        const other = others.find((line) => line.split(':')[2] === old)
        if (other === undefined) return old
        stays.push(`group ${nameOf(was)} stays ${ours}: ${old} is group ${nameOf(other)} now`)
        return field
      }
      if (field === ours) return old
      const members = field.split(',').filter(Boolean)
      const lost = without(old.split(','), ours.split(','))
      return [...members, ...without(lost, members)].join(',')
    })
    .join(':')
}
