/** Entries of a list that are put into text at once. */
const atOnce = 500

/**
 * The text of JSON.stringify(value) for an object, in parts: a report of tens of thousands of
 * entries is written without ever being one text in memory.
 */
export function* jsonParts(value: object): Generator<string> {
  let before = '{'
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    yield `${before}${JSON.stringify(key)}:`
    before = ','
    if (Array.isArray(member) && member.length > atOnce) yield* listParts(member)
    else yield JSON.stringify(member)
  }
  yield before === '{' ? '{}' : '}'
}

function* listParts(list: readonly unknown[]): Generator<string> {
  for (let at = 0; at < list.length; at += atOnce) {
    const inner = JSON.stringify(list.slice(at, at + atOnce)).slice(1, -1)
    yield `${at === 0 ? '[' : ','}${inner}`
  }
  yield ']'
}
