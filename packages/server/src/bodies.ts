import type { App } from './context.ts'
import { HttpError } from './error.ts'

/** Deeper JSON than any schema has. */
const deepest = 64

/** How bodies are read: JSON, and compressed ones as the bytes that they are. */
export function addBodies(app: App): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      if (depth(body) > deepest)
        done(new HttpError(400, 'too-deep', `the body is nested more than ${deepest} deep`))
      // POST without anything is an empty body, whatever its type says.
      else if (body === '') done(null, undefined)
      else void parse(request, body, done)
    },
  )
  // The one form there is (src/routes/sign-in.ts) has no fields; no other route takes what a form can send.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, _body, done) => done(null, undefined),
  )
  app.addContentTypeParser('application/zstd', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
}

/** How deep a JSON text is nested, told from its brackets. */
function depth(json: string): number {
  let now = 0
  let most = 0
  let inText = false
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (inText) {
      if (code === 0x5c) i++
      else if (code === 0x22) inText = false
    } else if (code === 0x22) inText = true
    else if (code === 0x5b || code === 0x7b) most = Math.max(most, ++now)
    else if (code === 0x5d || code === 0x7d) now--
  }
  return most
}
