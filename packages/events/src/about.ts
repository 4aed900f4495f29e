import type { Event } from './event.ts'

/** What suppressions may name of the network that an event is about: `host`, `host:port`, `host/path`, and the same of its address. */
export function endpointsOf(event: Event): string[] {
  if (event.kind === 'dns.query') return [event.name]
  if (event.kind === 'http.request') {
    const { scheme, host, path } = event
    const named = /:\d+$/.test(host) ? host : `${host}:${scheme === 'http' ? 80 : 443}`
    return [host, named, `${host}${path}`]
  }
  if (event.kind !== 'net.connect' && event.kind !== 'net.flow') return []
  return [event.host, event.address].flatMap((host) =>
    host === null ? [] : [host, `${host}:${event.port}`],
  )
}
