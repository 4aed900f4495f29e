import { checkJson } from './check-json.ts'
import type { App } from './context.ts'

/** Of a JSON body: routes take lists of a thousand entries, and long texts. */
const mostValues = 50_000

/** How bodies are read: JSON, and compressed ones as the bytes that they are. */
export function addBodies(app: App): void {
  app.removeAllContentTypeParsers()
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    (request, body, done) => {
      // A thread of its own reads it.
      if (request.routeOptions.schema?.reads !== undefined) return done(null, body)
      const text = body.toString()
      try {
        checkJson(text, mostValues)
      } catch (error) {
        return done(error as Error)
      }
      // POST without anything is an empty body, whatever its type says.
      if (text === '') done(null, undefined)
      else void parse(request, text, done)
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
