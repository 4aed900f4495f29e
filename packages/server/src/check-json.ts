import { HttpError } from './error.ts'

/** Deeper JSON than any schema has. */
const deepest = 64

/**
 * @param most values that a JSON text may hold: those that are wrong cost a hundred times what they are in bytes
 * @throws HttpError, before anything is made of the text
 */
export function checkJson(text: string, most: number): void {
  const { depth, values } = measure(text)
  if (depth > deepest)
    throw new HttpError(400, 'too-deep', `the body is nested more than ${deepest} deep`)
  if (values > most) throw new HttpError(413, 'too-much', `the body has more than ${most} values`)
}

/** How deep a JSON text is nested, and at most how many values it has, told from its brackets and commas. */
function measure(json: string): { depth: number; values: number } {
  let now = 0
  let depth = 0
  let values = 1
  let inText = false
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (inText) {
      if (code === 0x5c) i++
      else if (code === 0x22) inText = false
    } else if (code === 0x22) inText = true
    else if (code === 0x2c) values++
    else if (code === 0x5b || code === 0x7b) {
      depth = Math.max(depth, ++now)
      values++
    } else if (code === 0x5d || code === 0x7d) now--
  }
  return { depth, values }
}
