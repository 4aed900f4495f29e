/** One server-sent event (WHATWG HTML, 9.2). */
export interface ServerSent {
  event: string
  data: string
}

/** A line that does not end would fill the memory. */
const longest = 1 << 16

/** Events of a stream as they come. @throws where a line is too long, or the stream breaks off */
export async function* serverSent(stream: AsyncIterable<Buffer>): AsyncGenerator<ServerSent> {
  let rest = ''
  let event = ''
  let data: string[] = []
  const decoder = new TextDecoder()
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    if (rest.length > longest) throw new Error('a line of the stream does not end')
    for (const line of lines) {
      if (line === '') {
        if (event !== '' || data.length > 0) yield { event, data: data.join('\n') }
        event = ''
        data = []
        continue
      }
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (name === 'event') event = value
      else if (name === 'data') data.push(value)
      if (data.length > 1000) throw new Error('an event of the stream does not end')
    }
  }
}
