/**
 * A policy document with one entry more in its `allow`, as a person would write it there: all else stays as it was. What comes out
 * is checked by the server before it is saved.
 * @param entry as it stands behind the dash
 * @returns null: the list is written in a way that is left to the person
 */
export function addAllowLine(text: string, entry: string): string | null {
  const lines = text.replace(/\n+$/, '').split('\n')
  const at = lines.findIndex((line) => /^allow\s*:/.test(line))
  if (at < 0)
    return [...lines.filter((line, i) => i > 0 || line !== ''), 'allow:', `  - ${entry}`, ''].join(
      '\n',
    )
  const [, value = ''] = /^allow\s*:\s*(.*?)\s*(?:(?<=\s)#.*)?$/.exec(lines[at] ?? '') ?? []
  if (value === '[]')
    return [...lines.slice(0, at), 'allow:', `  - ${entry}`, ...lines.slice(at + 1), ''].join('\n')
  if (value !== '' && !value.startsWith('#')) return null
  const rest = lines.slice(at + 1)
  const end = rest.findIndex((line) => /^[^\s#-]/.test(line))
  const block = end < 0 ? rest : rest.slice(0, end)
  const last = block.findLastIndex((line) => /^\s*[^\s#]/.test(line))
  const indent = /^(\s*)- /.exec(block.find((line) => /^\s*- /.test(line)) ?? '  - ')?.[1] ?? '  '
  return [
    ...lines.slice(0, at + 1),
    ...block.slice(0, last + 1),
    `${indent}- ${entry}`,
    ...rest.slice(last + 1),
    '',
  ].join('\n')
}
