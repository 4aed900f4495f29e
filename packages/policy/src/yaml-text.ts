/** A text in double quotes: JSON, which YAML 1.2 reads alike, with everything beyond ASCII escaped. */
export function quoted(text: string): string {
  return ascii(JSON.stringify(text))
}

/** On one line, with all that a reader does not see written out. */
export function ascii(text: string): string {
  return text.replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

export function list(texts: readonly string[]): string {
  return texts.length === 0 ? '' : `[${texts.map(quoted).join(', ')}]`
}

export function mapping(pairs: readonly (readonly [key: string, value: string])[]): string {
  return `{ ${pairs.flatMap(([key, value]) => (value === '' ? [] : [`${key}: ${value}`])).join(', ')} }`
}
