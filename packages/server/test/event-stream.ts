import { expect } from 'vitest'

/** What a stream of events said. */
export interface Said {
  event: string
  /** As it was written. */
  data: string
}

/** Listens to a stream of events of the server. @returns the next one but for pings; undefined when the stream has ended */
export async function listenTo(
  url: string,
  headers: Record<string, string>,
): Promise<() => Promise<Said | undefined>> {
  const answer = await fetch(url, { headers })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  // Held from now on: an answer that nobody reads and nobody holds is ended when garbage is collected.
  const told = messages((answer.body as ReadableStream<Uint8Array>).values())
  return async () => {
    for (;;) {
      const { value } = await told.next()
      if (value === undefined) return undefined
      const [, event = '', data = ''] = /^event: (.+)\ndata: (.+)$/.exec(value) ?? []
      if (event !== 'ping') return { event, data }
    }
  }
}

async function* messages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true })
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    yield* parts
  }
  return undefined
}
