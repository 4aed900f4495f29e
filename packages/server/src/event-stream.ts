import type { ServerResponse } from 'node:http'

/** Begins an answer of server-sent events. @param to nothing was written to it yet */
export function beginEvents(to: ServerResponse): void {
  to.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // For proxies that gather what comes before they pass it on.
    'x-accel-buffering': 'no',
  })
}

/**
 * Says an event to whoever still listens.
 * @param mostWaiting bytes that may wait for a listener that does not read. With more it is let go: it comes again, and is told anew then.
 */
export function sendEvent(
  to: ServerResponse,
  event: string,
  data: object,
  mostWaiting: number,
): void {
  if (to.writableEnded) return
  if (to.writableLength > mostWaiting) to.destroy()
  else to.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
